-- title: Neurons without a connection
-- group: Neurons
-- about: Neurons that have no chemical synapse with another neuron. Some have an autapse or a gap junction.
-- column: neuron_id: the neuron
-- column: name: its name
-- column: type: its type
-- column: status: of its reconstruction
-- column: autapses (synapses): onto itself
-- column: gap_junctions (synapses): electrical ones
-- example:
WITH linked AS (
    SELECT pre_id AS neuron_id FROM connections WHERE kind = 'chemical' AND pre_id <> post_id
    UNION
    SELECT post_id FROM connections WHERE kind = 'chemical' AND pre_id <> post_id
),
others AS (
    SELECT neuron_id, coalesce(sum(synapses) FILTER (kind = 'chemical'), 0)::BIGINT AS autapses,
           coalesce(sum(synapses) FILTER (kind = 'electrical'), 0)::BIGINT AS gap_junctions
    FROM (
        SELECT pre_id AS neuron_id, kind, synapses FROM connections WHERE kind = 'electrical' OR pre_id = post_id
        UNION ALL
        SELECT post_id, kind, synapses FROM connections WHERE kind = 'electrical' AND pre_id <> post_id
    )
    GROUP BY neuron_id
)
SELECT n.neuron_id, n.name, n.type, n.status, coalesce(o.autapses, 0) AS autapses, coalesce(o.gap_junctions, 0) AS gap_junctions
FROM neurons n
LEFT JOIN others o USING (neuron_id)
WHERE n.neuron_id NOT IN (SELECT neuron_id FROM linked)
ORDER BY n.neuron_id
