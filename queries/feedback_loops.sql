-- title: Feedback loops of three neurons
-- group: Motifs
-- about: Triples that are connected in a ring, a to b to c to a, whatever else connects them; each ring once, that whose weakest
--     connection is strongest first.
-- parameter: region region = any: only synapses located there
-- parameter: min_synapses int >= 1 = 5: of each of the three connections
-- column: a_id: that with the lowest id
-- column: a_type: its type
-- column: b_id: the next
-- column: b_type: its type
-- column: c_id: the last
-- column: c_type: its type
-- column: weakest (synapses): of the weakest of the three connections
-- example: region=EB min_synapses=5
WITH pairs AS (
    SELECT pre_id, post_id, sum(synapses)::BIGINT AS synapses
    FROM connections
    WHERE kind = 'chemical' AND pre_id <> post_id
      AND region_id IN (SELECT unnest($region))
    GROUP BY pre_id, post_id
    HAVING sum(synapses) >= $min_synapses
)
SELECT x.neuron_id AS a_id, x.type AS a_type, y.neuron_id AS b_id, y.type AS b_type, z.neuron_id AS c_id, z.type AS c_type,
       least(ab.synapses, bc.synapses, ca.synapses) AS weakest
FROM pairs ab
JOIN pairs bc ON bc.pre_id = ab.post_id AND bc.post_id > ab.pre_id AND bc.pre_id > ab.pre_id
JOIN pairs ca ON ca.pre_id = bc.post_id AND ca.post_id = ab.pre_id
JOIN neurons x ON x.neuron_id = ab.pre_id
JOIN neurons y ON y.neuron_id = ab.post_id
JOIN neurons z ON z.neuron_id = bc.post_id
ORDER BY weakest DESC, a_id, b_id, c_id
