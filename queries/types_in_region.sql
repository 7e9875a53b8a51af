-- title: Types of a region, and how much of them lies there
-- group: Types
-- about: Which cell types have synapses in a region, and which share of all their inputs and outputs these are.
-- parameter: region region: the region, with what lies below it
-- column: type: the type
-- column: neurons (neurons): of the type with synapses there
-- column: inputs_there (synapses): onto the type in the region
-- column: outputs_there (synapses): from the type in the region
-- column: input_share (share): of all inputs of these neurons; null where they have none
-- column: output_share (share): of all outputs of these neurons; null where they have none
-- example: region=EB
WITH there AS (
    SELECT neuron_id, sum(inputs)::BIGINT AS inputs, sum(outputs)::BIGINT AS outputs
    FROM neuron_regions
    WHERE region_id IN (SELECT unnest($region))
    GROUP BY neuron_id
    HAVING sum(inputs) + sum(outputs) > 0
)
SELECT n.type, count(*) AS neurons, sum(t.inputs)::BIGINT AS inputs_there, sum(t.outputs)::BIGINT AS outputs_there,
       sum(t.inputs) / nullif(sum(n.inputs), 0) AS input_share, sum(t.outputs) / nullif(sum(n.outputs), 0) AS output_share
FROM there t
JOIN neurons n USING (neuron_id)
GROUP BY n.type
ORDER BY inputs_there + outputs_there DESC, n.type NULLS LAST
