-- title: Input fraction by type
-- group: Partners
-- about: How much of its input each neuron asked gets from each cell type, on average. Neurons without an input are left out of the mean.
-- parameter: neurons neurons: the neurons asked
-- parameter: region region = any: only synapses located there
-- column: type: type of the input neurons
-- column: neurons (neurons): input neurons of the type
-- column: targets (neurons): neurons asked that the type synapses onto
-- column: synapses (synapses): from the type onto the neurons asked
-- column: mean_input_fraction (share): mean over the neurons asked of the type's share of the neuron's inputs, 0 to 1
-- example: neurons=EPG region=EB
WITH asked AS (SELECT neuron_id, inputs FROM neurons WHERE neuron_id IN (SELECT unnest($neurons)) AND inputs > 0),
found AS (
    SELECT n.type, c.pre_id, c.post_id, c.synapses, c.synapses / a.inputs AS fraction
    FROM connections_by_post c
    JOIN asked a ON a.neuron_id = c.post_id
    JOIN neurons n ON n.neuron_id = c.pre_id
    WHERE c.kind = 'chemical'
      AND c.region_id IN (SELECT unnest($region))
)
SELECT type, count(DISTINCT pre_id) AS neurons, count(DISTINCT post_id) AS targets, sum(synapses)::BIGINT AS synapses,
       round(sum(fraction) / (SELECT count(*) FROM asked), 12) AS mean_input_fraction
FROM found
GROUP BY type
ORDER BY mean_input_fraction DESC, type NULLS LAST
