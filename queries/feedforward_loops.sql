-- title: Feedforward loops
-- group: Motifs
-- about: Triples in which a reaches c both directly and by way of b, whatever else connects them; the loop whose weakest
--     connection is strongest comes first.
-- parameter: a neurons = any: where the loop begins
-- parameter: b neurons = any: by way of these
-- parameter: c neurons = any: where it ends
-- parameter: region region = any: only synapses located there
-- parameter: min_synapses int >= 1 = 5: of each of the three connections
-- column: a_id: where the loop begins
-- column: a_type: its type
-- column: b_id: between
-- column: b_type: its type
-- column: c_id: where it ends
-- column: c_type: its type
-- column: synapses_a_to_b (synapses): of the first connection
-- column: synapses_b_to_c (synapses): of the second
-- column: synapses_a_to_c (synapses): of the direct one
-- example: a=ER4d c=EPG region=EB min_synapses=5
WITH pairs AS (
    SELECT pre_id, post_id, sum(synapses)::BIGINT AS synapses
    FROM connections
    WHERE kind = 'chemical' AND pre_id <> post_id
      AND region_id IN (SELECT unnest($region))
    GROUP BY pre_id, post_id
    HAVING sum(synapses) >= $min_synapses
)
SELECT x.neuron_id AS a_id, x.type AS a_type, y.neuron_id AS b_id, y.type AS b_type, z.neuron_id AS c_id, z.type AS c_type,
       ab.synapses AS synapses_a_to_b, bc.synapses AS synapses_b_to_c, ac.synapses AS synapses_a_to_c
FROM pairs ab
JOIN pairs bc ON bc.pre_id = ab.post_id
JOIN pairs ac ON ac.pre_id = ab.pre_id AND ac.post_id = bc.post_id
JOIN neurons x ON x.neuron_id = ab.pre_id
JOIN neurons y ON y.neuron_id = ab.post_id
JOIN neurons z ON z.neuron_id = bc.post_id
WHERE ab.pre_id <> bc.post_id
  AND ab.pre_id IN (SELECT unnest($a))
  AND ab.post_id IN (SELECT unnest($b))
  AND bc.post_id IN (SELECT unnest($c))
ORDER BY least(ab.synapses, bc.synapses, ac.synapses) DESC, a_id, b_id, c_id
