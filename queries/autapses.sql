-- title: Neurons that synapse onto themselves
-- group: Neurons
-- about: In a reconstruction, many autapses of one neuron are often a false merge.
-- parameter: region region = any: only synapses located there
-- parameter: min_synapses int >= 1 = 1: only neurons with at least this many autapses
-- column: neuron_id: the neuron
-- column: name: its name
-- column: type: its type
-- column: synapses (synapses): from the neuron onto itself
-- column: output_share (share): of all outputs of the neuron, 0 to 1
-- example: min_synapses=2
SELECT n.neuron_id, n.name, n.type, sum(c.synapses)::BIGINT AS synapses, sum(c.synapses) / any_value(n.outputs) AS output_share
FROM connections c
JOIN neurons n ON n.neuron_id = c.pre_id
WHERE c.kind = 'chemical' AND c.pre_id = c.post_id
  AND c.region_id IN (SELECT unnest($region))
GROUP BY n.neuron_id, n.name, n.type
HAVING sum(c.synapses) >= $min_synapses
ORDER BY synapses DESC, n.neuron_id
