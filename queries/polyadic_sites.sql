-- title: Polyadic sites
-- group: Synapses
-- about: How many partners share one presynaptic release site. In insects most sites have several.
-- parameter: neurons neurons = any: only sites of these neurons
-- column: partners (synapses): postsynaptic partners of a site
-- column: sites (sites): with so many
-- column: share (share): of all sites, 0 to 1
-- example: neurons="type 'ER*'"
WITH sites AS (
    SELECT pre_id, pre_site_id, count(*) AS partners
    FROM synapses
    WHERE kind = 'chemical' AND pre_site_id IS NOT NULL
      AND pre_id IN (SELECT unnest($neurons))
    GROUP BY pre_id, pre_site_id
)
SELECT partners, count(*) AS sites, count(*) / sum(count(*)) OVER () AS share
FROM sites
GROUP BY partners
ORDER BY partners
