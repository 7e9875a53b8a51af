-- title: Where neurons have their inputs and outputs
-- group: Neurons
-- about: Synapses of the neurons asked by region, the region's children not included.
-- parameter: neurons neurons: the neurons asked
-- column: region: the region; (outside) is outside every region
-- column: neurons (neurons): of those asked with synapses there
-- column: inputs (synapses): onto them in the region
-- column: outputs (synapses): from them in the region
-- column: input_share (share): of all rows' inputs; null where there are none
-- column: output_share (share): of all rows' outputs; null where there are none
-- example: neurons=EPG
SELECT coalesce(r.name, '(outside)') AS region, count(*) AS neurons, sum(t.inputs)::BIGINT AS inputs,
       sum(t.outputs)::BIGINT AS outputs, sum(t.inputs) / nullif(sum(sum(t.inputs)) OVER (), 0) AS input_share,
       sum(t.outputs) / nullif(sum(sum(t.outputs)) OVER (), 0) AS output_share
FROM neuron_regions t
LEFT JOIN regions r USING (region_id)
WHERE t.inputs + t.outputs > 0 AND t.neuron_id IN (SELECT unnest($neurons))
GROUP BY region
ORDER BY sum(t.inputs) + sum(t.outputs) DESC, region
