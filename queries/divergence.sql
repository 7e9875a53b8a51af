-- title: Divergence: who reaches most of a group
-- group: Motifs
-- about: Neurons by how many of the neurons asked they synapse onto.
-- parameter: neurons neurons: the group
-- parameter: region region = any: only synapses located there
-- parameter: min_synapses int >= 1 = 1: only connections with at least this many synapses
-- column: neuron_id: the neuron that diverges onto them
-- column: name: its name
-- column: type: its type
-- column: targets (neurons): of the group that it synapses onto
-- column: target_share (share): of the group, 0 to 1
-- column: synapses (synapses): onto these
-- example: neurons="type 'KC*'" min_synapses=2
WITH pairs AS (
    SELECT pre_id, post_id, sum(synapses)::BIGINT AS synapses
    FROM connections_by_post
    WHERE kind = 'chemical' AND pre_id <> post_id AND post_id IN (SELECT unnest($neurons))
      AND region_id IN (SELECT unnest($region))
    GROUP BY pre_id, post_id
    HAVING sum(synapses) >= $min_synapses
)
SELECT n.neuron_id, n.name, n.type, count(*) AS targets, count(*) / len($neurons) AS target_share, sum(p.synapses)::BIGINT AS synapses
FROM pairs p
JOIN neurons n ON n.neuron_id = p.pre_id
GROUP BY n.neuron_id, n.name, n.type
ORDER BY targets DESC, synapses DESC, n.neuron_id
