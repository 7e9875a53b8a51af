-- title: Projection neurons from one region to another
-- group: Regions
-- about: Neurons that take input in one region and give output in another, what lies below each included.
-- parameter: source region: where the inputs are
-- parameter: target region: where the outputs are
-- parameter: min_synapses int >= 1 = 10: the least number of inputs in the first, and of outputs in the second
-- column: neuron_id: the neuron
-- column: name: its name
-- column: type: its type
-- column: nt: its transmitter
-- column: inputs_there (synapses): onto it in the first region
-- column: outputs_there (synapses): from it in the second region
-- example: source=EB target=PB
WITH found AS (
    SELECT neuron_id, coalesce(sum(inputs) FILTER (region_id IN (SELECT unnest($source))), 0)::BIGINT AS inputs_there,
           coalesce(sum(outputs) FILTER (region_id IN (SELECT unnest($target))), 0)::BIGINT AS outputs_there
    FROM neuron_regions
    GROUP BY neuron_id
)
SELECT n.neuron_id, n.name, n.type, n.nt, f.inputs_there, f.outputs_there
FROM found f
JOIN neurons n USING (neuron_id)
WHERE f.inputs_there >= $min_synapses AND f.outputs_there >= $min_synapses
ORDER BY least(f.inputs_there, f.outputs_there) DESC, f.inputs_there + f.outputs_there DESC, n.neuron_id
