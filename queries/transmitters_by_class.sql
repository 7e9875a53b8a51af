-- title: Transmitters of the neurons
-- group: Transmitters
-- about: How many neurons of each class have which transmitter, and how many outputs these have.
-- parameter: neurons neurons = any: only these neurons
-- column: class: class of the neurons
-- column: nt: their transmitter
-- column: neurons (neurons): of this class and transmitter
-- column: outputs (synapses): from these
-- column: share (share): of the class's neurons, 0 to 1
-- example: neurons="neurons of CX"
SELECT "class", nt, count(*) AS neurons, sum(outputs)::BIGINT AS outputs,
       count(*) / sum(count(*)) OVER (PARTITION BY "class") AS share
FROM neurons
WHERE neuron_id IS NOT NULL
  AND neuron_id IN (SELECT unnest($neurons))
GROUP BY "class", nt
ORDER BY "class" NULLS LAST, neurons DESC, nt NULLS LAST
