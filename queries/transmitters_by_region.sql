-- title: Transmitters by region
-- group: Transmitters
-- about: Synapses in each region by transmitter, the region's children not included; the share is of the region's synapses.
-- parameter: region region = any: only this region and what lies below it
-- column: region: the region
-- column: nt: transmitter of the connections
-- column: synapses (synapses): in the region with this transmitter
-- column: share (share): of the region's synapses, 0 to 1
-- example: region=CX
SELECT r.name AS region, c.nt, sum(c.synapses)::BIGINT AS synapses,
       sum(c.synapses) / sum(sum(c.synapses)) OVER (PARTITION BY r.name) AS share
FROM connections c
JOIN regions r USING (region_id)
WHERE c.kind = 'chemical'
  AND c.region_id IN (SELECT unnest($region))
GROUP BY r.name, c.nt
ORDER BY r.name, synapses DESC, c.nt NULLS LAST
