-- Pairs of neurons that synapse onto each other, strongest first (the weaker direction counts).
WITH pairs AS (
    SELECT pre_id, post_id, sum(synapses)::BIGINT AS synapses
    FROM connections
    WHERE kind = 'chemical' AND pre_id <> post_id
    GROUP BY pre_id, post_id
)
SELECT a.pre_id AS a_id, n.type AS a_type, a.post_id AS b_id, m.type AS b_type,
       a.synapses AS synapses_a_to_b, b.synapses AS synapses_b_to_a
FROM pairs a
JOIN pairs b ON b.pre_id = a.post_id AND b.post_id = a.pre_id
JOIN neurons n ON n.neuron_id = a.pre_id
JOIN neurons m ON m.neuron_id = a.post_id
WHERE a.pre_id < a.post_id
ORDER BY least(a.synapses, b.synapses) DESC, a_id, b_id
