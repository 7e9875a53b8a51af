-- title: Types that cross the midline
-- group: Types
-- about: Synapses onto neurons of the same and of the other side, by presynaptic type. Only synapses between a left or right
--     neuron and another such are counted.
-- parameter: min_synapses int >= 1 = 50: only types with at least this many such synapses
-- column: type: type of the presynaptic neurons
-- column: same_side (synapses): onto neurons of the same side
-- column: other_side (synapses): onto neurons of the other side
-- column: crossing_share (share): other side / both
-- example: min_synapses=100
WITH sided AS (SELECT neuron_id, type, lower(side)[1] AS side FROM neurons WHERE lower(side) IN ('left', 'l', 'right', 'r'))
SELECT a.type, coalesce(sum(c.synapses) FILTER (a.side = b.side), 0)::BIGINT AS same_side,
       coalesce(sum(c.synapses) FILTER (a.side <> b.side), 0)::BIGINT AS other_side,
       other_side / (same_side + other_side) AS crossing_share
FROM connections c
JOIN sided a ON a.neuron_id = c.pre_id
JOIN sided b ON b.neuron_id = c.post_id
WHERE c.kind = 'chemical' AND a.type IS NOT NULL
GROUP BY a.type
HAVING same_side + other_side >= $min_synapses
ORDER BY crossing_share DESC, a.type
