-- title: Synapse density by region
-- group: Regions
-- about: Synapses per cubic micrometre of each region's box, its children included. The box is as the dataset gives it; where a
--     region is smaller than its box, the true density is higher.
-- parameter: region region = any: only this region and what lies below it
-- column: region: the region
-- column: synapses (synapses): located in it or below it
-- column: volume_um3 (um3): of its box
-- column: density_per_um3 (synapses/um3): synapses / volume
-- example: region=CX
WITH RECURSIVE below AS (
    SELECT region_id AS top, region_id FROM regions
    UNION ALL
    SELECT b.top, r.region_id FROM below b JOIN regions r ON r.parent_id = b.region_id
),
counted AS (
    SELECT region_id, sum(inputs)::BIGINT AS synapses
    FROM neuron_regions
    GROUP BY region_id
)
SELECT r.name AS region, coalesce(sum(c.synapses), 0)::BIGINT AS synapses,
       (r.max_x_nm - r.min_x_nm) / 1e3 * (r.max_y_nm - r.min_y_nm) / 1e3 * (r.max_z_nm - r.min_z_nm) / 1e3 AS volume_um3,
       coalesce(sum(c.synapses), 0) / volume_um3 AS density_per_um3
FROM regions r
JOIN below b ON b.top = r.region_id
LEFT JOIN counted c ON c.region_id = b.region_id
WHERE volume_um3 > 0
  AND r.region_id IN (SELECT unnest($region))
GROUP BY r.name, volume_um3
ORDER BY density_per_um3 DESC, region
