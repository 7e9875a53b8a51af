-- title: Type-to-type matrix
-- group: Types
-- about: Synapses from each cell type to each; neurons without a type are left out. A threshold is on the pair of neurons.
-- parameter: source neurons = any: only connections from these neurons
-- parameter: target neurons = any: only connections onto these neurons
-- parameter: region region = any: only synapses located there
-- parameter: min_synapses int >= 1 = 1: only pairs of neurons with at least this many synapses
-- column: pre_type: type of the presynaptic neurons
-- column: post_type: type of the postsynaptic neurons
-- column: pre_neurons (neurons): presynaptic neurons with such a connection
-- column: post_neurons (neurons): postsynaptic neurons with one
-- column: connections (pairs): connected pairs of neurons
-- column: synapses (synapses): of these
-- example: region=EB min_synapses=3
WITH pairs AS (
    SELECT pre_id, post_id, sum(synapses)::BIGINT AS synapses
    FROM connections
    WHERE kind = 'chemical'
      AND pre_id IN (SELECT unnest($source))
      AND post_id IN (SELECT unnest($target))
      AND region_id IN (SELECT unnest($region))
    GROUP BY pre_id, post_id
    HAVING sum(synapses) >= $min_synapses
)
SELECT a.type AS pre_type, b.type AS post_type, count(DISTINCT pre_id) AS pre_neurons,
       count(DISTINCT post_id) AS post_neurons, count(*) AS connections, sum(p.synapses)::BIGINT AS synapses
FROM pairs p
JOIN neurons a ON a.neuron_id = p.pre_id
JOIN neurons b ON b.neuron_id = p.post_id
WHERE a.type IS NOT NULL AND b.type IS NOT NULL
GROUP BY a.type, b.type
ORDER BY synapses DESC, pre_type, post_type
