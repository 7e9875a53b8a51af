-- title: Balance of excitation and inhibition
-- group: Transmitters
-- about: Excitatory and inhibitory synapses onto the neurons asked, by their type. Which transmitters excite depends on the animal:
--     the defaults are those of the insect brain, where glutamate mostly inhibits.
-- parameter: neurons neurons = any: only inputs of these neurons
-- parameter: excitatory transmitter = acetylcholine: transmitters that excite
-- parameter: inhibitory transmitter = gaba,glutamate: transmitters that inhibit
-- parameter: region region = any: only synapses located there
-- column: type: type of the postsynaptic neurons
-- column: excitatory (synapses): onto the type with a transmitter that excites
-- column: inhibitory (synapses): with one that inhibits
-- column: other (synapses): with another one, or with an unknown one
-- column: excitation (share): excitatory / (excitatory + inhibitory); null where both are 0
-- example: neurons="neurons of EB" region=EB
SELECT n.type, coalesce(sum(c.synapses) FILTER (c.nt IN (SELECT unnest($excitatory))), 0)::BIGINT AS excitatory,
       coalesce(sum(c.synapses) FILTER (c.nt IN (SELECT unnest($inhibitory))), 0)::BIGINT AS inhibitory,
       sum(c.synapses)::BIGINT - excitatory - inhibitory AS other, excitatory / nullif(excitatory + inhibitory, 0) AS excitation
FROM connections_by_post c
JOIN neurons n ON n.neuron_id = c.post_id
WHERE c.kind = 'chemical'
  AND c.post_id IN (SELECT unnest($neurons))
  AND c.region_id IN (SELECT unnest($region))
GROUP BY n.type
ORDER BY excitatory + inhibitory DESC, n.type NULLS LAST
