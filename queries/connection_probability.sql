-- title: Connection probability between types
-- group: Types
-- about: Of all possible ordered pairs of neurons of two types, how many are connected, and how strongly.
-- parameter: min_synapses int >= 1 = 1: a pair is connected with at least this many synapses
-- parameter: min_neurons int >= 1 = 2: only types with at least this many neurons
-- column: pre_type: type of the presynaptic neurons
-- column: post_type: type of the postsynaptic neurons
-- column: possible (pairs): ordered pairs of different neurons
-- column: connected (pairs): those of them that are connected
-- column: probability (share): connected / possible
-- column: mean_synapses (synapses): of a connected pair
-- example: min_synapses=5 min_neurons=5
WITH pairs AS (
    SELECT pre_id, post_id, sum(synapses)::BIGINT AS synapses
    FROM connections
    WHERE kind = 'chemical' AND pre_id <> post_id
    GROUP BY pre_id, post_id
    HAVING sum(synapses) >= $min_synapses
),
size AS (SELECT type, count(*) AS neurons FROM neurons WHERE type IS NOT NULL GROUP BY type HAVING count(*) >= $min_neurons)
SELECT s.type AS pre_type, t.type AS post_type,
       any_value(s.neurons * (t.neurons - (s.type = t.type)::INTEGER))::BIGINT AS possible, count(*) AS connected,
       count(*) / any_value(s.neurons * (t.neurons - (s.type = t.type)::INTEGER)) AS probability,
       sum(p.synapses) / count(*) AS mean_synapses
FROM pairs p
JOIN neurons a ON a.neuron_id = p.pre_id
JOIN neurons b ON b.neuron_id = p.post_id
JOIN size s ON s.type = a.type
JOIN size t ON t.type = b.type
GROUP BY s.type, t.type
ORDER BY probability DESC, pre_type, post_type
