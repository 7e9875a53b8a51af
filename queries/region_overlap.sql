-- title: Regions that share neurons
-- group: Regions
-- about: For two regions (without their children), how many neurons have synapses in both, and the Jaccard index of their neurons.
-- parameter: min_synapses int >= 1 = 1: a neuron is in a region with at least this many inputs and outputs there
-- parameter: min_neurons int >= 1 = 1: only pairs of regions with at least this many neurons in common
-- column: a: one region
-- column: b: the other
-- column: neurons_a (neurons): in the one
-- column: neurons_b (neurons): in the other
-- column: common (neurons): in both
-- column: jaccard (share): common / in either
-- example: min_synapses=10 min_neurons=5
WITH present AS (
    SELECT r.name AS region, t.neuron_id
    FROM neuron_regions t
    JOIN regions r USING (region_id)
    WHERE t.inputs + t.outputs >= $min_synapses
),
size AS (SELECT region, count(*) AS neurons FROM present GROUP BY region)
SELECT p.region AS a, q.region AS b, any_value(s.neurons) AS neurons_a, any_value(t.neurons) AS neurons_b, count(*) AS common,
       count(*) / (any_value(s.neurons) + any_value(t.neurons) - count(*)) AS jaccard
FROM present p
JOIN present q ON q.neuron_id = p.neuron_id AND p.region < q.region
JOIN size s ON s.region = p.region
JOIN size t ON t.region = q.region
GROUP BY p.region, q.region
HAVING count(*) >= $min_neurons
ORDER BY jaccard DESC, a, b
