-- title: Synapses by compartment
-- group: Partners
-- about: Where on the two neurons the synapses sit: axo-dendritic, axo-axonic and so on.
-- parameter: source neurons = any: only connections from these neurons
-- parameter: target neurons = any: only connections onto these neurons
-- column: compartment: of the presynaptic and of the postsynaptic neuron
-- column: connections (pairs): different pairs of neurons
-- column: synapses (synapses): of these
-- column: share (share): of the synapses of all rows, 0 to 1
-- example: source="type 'ER*'" target=EPG
SELECT compartment, count(DISTINCT (pre_id, post_id)) AS connections, sum(synapses)::BIGINT AS synapses,
       sum(synapses) / sum(sum(synapses)) OVER () AS share
FROM connections
WHERE kind = 'chemical'
  AND pre_id IN (SELECT unnest($source))
  AND post_id IN (SELECT unnest($target))
GROUP BY compartment
ORDER BY synapses DESC, compartment NULLS LAST
