-- title: Flow from region to region
-- group: Regions
-- about: The projectome: each neuron's outputs in a region, shared out to the regions that it takes its input from (Dorkenwald et al.
--     2024, Lin et al. 2024). Regions are taken without their children; neurons without an input in a region are left out.
-- parameter: neurons neurons = any: only by way of these neurons
-- column: from_region: where the inputs are
-- column: to_region: where the outputs are
-- column: neurons (neurons): that have both
-- column: flow (synapses): sum over neurons of (share of its inputs in the first) x (outputs in the second)
-- example: neurons="neurons of CX"
WITH placed AS (
    SELECT t.neuron_id, r.name AS region, t.inputs, t.outputs, t.inputs / nullif(sum(t.inputs) OVER (PARTITION BY t.neuron_id), 0) AS share
    FROM neuron_regions t
    JOIN regions r USING (region_id)
    WHERE t.inputs + t.outputs > 0
      AND t.neuron_id IN (SELECT unnest($neurons))
)
SELECT a.region AS from_region, b.region AS to_region, count(*) AS neurons, round(sum(a.share * b.outputs), 9) AS flow
FROM placed a
JOIN placed b USING (neuron_id)
WHERE a.inputs > 0 AND b.outputs > 0
GROUP BY a.region, b.region
ORDER BY flow DESC, from_region, to_region
