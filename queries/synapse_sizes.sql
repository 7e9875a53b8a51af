-- title: Synapse sizes by type
-- group: Synapses
-- about: Sizes of single synapses from type to type, in the dataset's unit of size (`graphkit info` names it).
-- parameter: source neurons = any: only synapses from these neurons
-- parameter: target neurons = any: only synapses onto these neurons
-- parameter: min_count int >= 1 = 10: only pairs of types with at least this many sized synapses
-- column: pre_type: type of the presynaptic neurons
-- column: post_type: type of the postsynaptic neurons
-- column: count (synapses): that have a size
-- column: mean_size (size): arithmetic mean
-- column: median_size (size): median
-- example: target=EPG min_count=50
SELECT a.type AS pre_type, b.type AS post_type, count(*) AS "count", avg(s.size) AS mean_size, median(s.size) AS median_size
FROM synapses s
JOIN neurons a ON a.neuron_id = s.pre_id
JOIN neurons b ON b.neuron_id = s.post_id
WHERE s.kind = 'chemical' AND s.size IS NOT NULL
  AND s.pre_id IN (SELECT unnest($source))
  AND s.post_id IN (SELECT unnest($target))
GROUP BY a.type, b.type
HAVING count(*) >= $min_count
ORDER BY mean_size DESC, pre_type NULLS LAST, post_type NULLS LAST
