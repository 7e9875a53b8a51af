-- title: Neurons whose synapses disagree about the transmitter
-- group: Transmitters
-- about: A neuron is mostly taken to release the same transmitter at all of its synapses; where the prediction for single synapses
--     differs from that for the neuron, one of the two is wrong, or two neurons were merged.
-- parameter: max_agreement float >= 0 = 0.9: only neurons with at most this share of synapses that agree
-- parameter: min_synapses int >= 1 = 10: only neurons with at least this many synapses of a known transmitter
-- column: neuron_id: the neuron
-- column: name: its name
-- column: type: its type
-- column: nt: the neuron's transmitter
-- column: synapses (synapses): from it, of a known transmitter
-- column: agreeing (synapses): those with the neuron's transmitter
-- column: agreement (share): agreeing / synapses
-- example: max_agreement=1 min_synapses=5
SELECT n.neuron_id, n.name, n.type, n.nt, count(*) AS synapses, count(*) FILTER (s.nt = n.nt) AS agreeing,
       count(*) FILTER (s.nt = n.nt) / count(*) AS agreement
FROM synapses s
JOIN neurons n ON n.neuron_id = s.pre_id
WHERE s.kind = 'chemical' AND s.nt IS NOT NULL AND n.nt IS NOT NULL
GROUP BY n.neuron_id, n.name, n.type, n.nt
HAVING count(*) >= $min_synapses AND count(*) FILTER (s.nt = n.nt) <= $max_agreement * count(*)
ORDER BY agreement, n.neuron_id
