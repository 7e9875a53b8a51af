-- title: Convergence: who is reached by most of a group
-- group: Motifs
-- about: Neurons by how many of the neurons asked synapse onto them.
-- parameter: neurons neurons: the group
-- parameter: region region = any: only synapses located there
-- parameter: min_synapses int >= 1 = 1: only connections with at least this many synapses
-- column: neuron_id: the neuron that they converge on
-- column: name: its name
-- column: type: its type
-- column: sources (neurons): of the group that synapse onto it
-- column: source_share (share): of the group, 0 to 1
-- column: synapses (synapses): from these
-- example: neurons="type 'ER*'" region=EB min_synapses=2
WITH pairs AS (
    SELECT pre_id, post_id, sum(synapses)::BIGINT AS synapses
    FROM connections
    WHERE kind = 'chemical' AND pre_id <> post_id AND pre_id IN (SELECT unnest($neurons))
      AND region_id IN (SELECT unnest($region))
    GROUP BY pre_id, post_id
    HAVING sum(synapses) >= $min_synapses
)
SELECT n.neuron_id, n.name, n.type, count(*) AS sources, count(*) / len($neurons) AS source_share, sum(p.synapses)::BIGINT AS synapses
FROM pairs p
JOIN neurons n ON n.neuron_id = p.post_id
GROUP BY n.neuron_id, n.name, n.type
ORDER BY sources DESC, synapses DESC, n.neuron_id
