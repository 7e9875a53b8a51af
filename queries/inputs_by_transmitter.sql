-- title: Inputs by transmitter
-- group: Partners
-- about: Which transmitters the neurons asked receive. A row without a transmitter holds synapses for which none is known.
-- parameter: neurons neurons: the neurons asked
-- parameter: region region = any: only synapses located there
-- column: nt: transmitter of the connections
-- column: neurons (neurons): input neurons
-- column: synapses (synapses): onto the neurons asked
-- column: share (share): of the synapses of all rows, 0 to 1
-- example: neurons=EPG
SELECT nt, count(DISTINCT pre_id) AS neurons, sum(synapses)::BIGINT AS synapses,
       sum(synapses) / sum(sum(synapses)) OVER () AS share
FROM connections_by_post
WHERE kind = 'chemical'
  AND post_id IN (SELECT unnest($neurons))
  AND region_id IN (SELECT unnest($region))
GROUP BY nt
ORDER BY synapses DESC, nt NULLS LAST
