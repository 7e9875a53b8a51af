-- title: How alike the neurons of a type are
-- group: Types
-- about: Mean and coefficient of variation (sample standard deviation / mean) of inputs and outputs within each type.
-- parameter: min_neurons int >= 2 = 3: only types with at least this many neurons
-- column: type: the type
-- column: neurons (neurons): of the type
-- column: mean_inputs (synapses): of a neuron
-- column: cv_inputs (ratio): standard deviation / mean; null where the mean is 0
-- column: mean_outputs (synapses): of a neuron
-- column: cv_outputs (ratio): standard deviation / mean; null where the mean is 0
-- example: min_neurons=10
SELECT type, count(*) AS neurons, avg(inputs) AS mean_inputs,
       round(stddev_samp(inputs) / nullif(avg(inputs), 0), 12) AS cv_inputs,
       avg(outputs) AS mean_outputs,
       round(stddev_samp(outputs) / nullif(avg(outputs), 0), 12) AS cv_outputs
FROM neurons
WHERE type IS NOT NULL
GROUP BY type
HAVING count(*) >= $min_neurons
ORDER BY type
