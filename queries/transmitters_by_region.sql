-- Synapses in each region by transmitter (the region's children not included).
SELECT r.name AS region, c.nt, sum(c.synapses)::BIGINT AS synapses
FROM connections c
JOIN regions r USING (region_id)
WHERE c.kind = 'chemical'
GROUP BY r.name, c.nt
ORDER BY r.name, synapses DESC, c.nt
