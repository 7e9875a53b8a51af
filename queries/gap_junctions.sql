-- title: Gap junctions, and chemical synapses beside them
-- group: Synapses
-- about: Pairs of neurons that are coupled electrically, with the chemical synapses between the same two.
-- parameter: neurons neurons = any: at least one of the two is of these
-- column: a_id: one neuron, that with the lower id
-- column: a_type: its type
-- column: b_id: the other
-- column: b_type: its type
-- column: gap_junctions (synapses): between the two
-- column: synapses_a_to_b (synapses): chemical ones
-- column: synapses_b_to_a (synapses): chemical ones
-- example: neurons=EPG
WITH coupled AS (
    SELECT pre_id AS a_id, post_id AS b_id, sum(synapses)::BIGINT AS gap_junctions
    FROM connections
    WHERE kind = 'electrical'
    GROUP BY a_id, b_id
),
chemical AS (
    SELECT pre_id, post_id, sum(synapses)::BIGINT AS synapses
    FROM connections
    WHERE kind = 'chemical'
    GROUP BY pre_id, post_id
)
SELECT c.a_id, n.type AS a_type, c.b_id, m.type AS b_type, c.gap_junctions, coalesce(ab.synapses, 0) AS synapses_a_to_b,
       coalesce(ba.synapses, 0) AS synapses_b_to_a
FROM coupled c
JOIN neurons n ON n.neuron_id = c.a_id
JOIN neurons m ON m.neuron_id = c.b_id
LEFT JOIN chemical ab ON ab.pre_id = c.a_id AND ab.post_id = c.b_id
LEFT JOIN chemical ba ON ba.pre_id = c.b_id AND ba.post_id = c.a_id
WHERE true
  AND (c.a_id IN (SELECT unnest($neurons)) OR c.b_id IN (SELECT unnest($neurons)))
ORDER BY c.gap_junctions DESC, c.a_id, c.b_id
