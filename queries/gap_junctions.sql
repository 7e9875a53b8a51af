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
      AND (pre_id IN (SELECT unnest($neurons)) OR post_id IN (SELECT unnest($neurons)))
    GROUP BY a_id, b_id
),
chemical AS (
    SELECT c.pre_id, c.post_id, sum(c.synapses)::BIGINT AS synapses
    FROM connections c
    SEMI JOIN (SELECT a_id, b_id FROM coupled UNION SELECT b_id, a_id FROM coupled) k
      ON k.a_id = c.pre_id AND k.b_id = c.post_id
    WHERE c.kind = 'chemical'
    GROUP BY c.pre_id, c.post_id
)
SELECT c.a_id, n.type AS a_type, c.b_id, m.type AS b_type, c.gap_junctions, coalesce(ab.synapses, 0) AS synapses_a_to_b,
       coalesce(ba.synapses, 0) AS synapses_b_to_a
FROM coupled c
JOIN neurons n ON n.neuron_id = c.a_id
JOIN neurons m ON m.neuron_id = c.b_id
LEFT JOIN chemical ab ON ab.pre_id = c.a_id AND ab.post_id = c.b_id
LEFT JOIN chemical ba ON ba.pre_id = c.b_id AND ba.post_id = c.a_id
ORDER BY c.gap_junctions DESC, c.a_id, c.b_id
