-- title: Recurrence within types
-- group: Types
-- about: Connections between neurons of the same type; the recurrent fraction is of all inputs of the type.
-- parameter: min_neurons int >= 2 = 2: only types with at least this many neurons
-- column: type: the type
-- column: neurons (neurons): of the type
-- column: connections (pairs): connected ordered pairs of different neurons of the type
-- column: density (share): of the pairs that are possible
-- column: reciprocal_pairs (pairs): pairs that are connected both ways, each once
-- column: synapses (synapses): between different neurons of the type
-- column: recurrent_fraction (share): of all inputs of the type
-- example: min_neurons=5
WITH pairs AS (
    SELECT a.type, c.pre_id, c.post_id, sum(c.synapses)::BIGINT AS synapses
    FROM connections c
    JOIN neurons a ON a.neuron_id = c.pre_id
    JOIN neurons b ON b.neuron_id = c.post_id AND b.type = a.type
    WHERE c.kind = 'chemical' AND c.pre_id <> c.post_id
    GROUP BY a.type, c.pre_id, c.post_id
),
size AS (
    SELECT type, count(*) AS neurons, sum(inputs) AS inputs
    FROM neurons
    WHERE type IS NOT NULL
    GROUP BY type
    HAVING count(*) >= $min_neurons
),
both_ways AS (
    SELECT p.type, count(*) AS n
    FROM pairs p
    JOIN pairs q ON q.pre_id = p.post_id AND q.post_id = p.pre_id
    WHERE p.pre_id < p.post_id
    GROUP BY p.type
)
SELECT s.type, s.neurons, count(*) AS connections, count(*) / (s.neurons * (s.neurons - 1)) AS density,
       coalesce(any_value(b.n), 0) AS reciprocal_pairs, sum(p.synapses)::BIGINT AS synapses,
       sum(p.synapses) / s.inputs AS recurrent_fraction
FROM size s
JOIN pairs p USING (type)
LEFT JOIN both_ways b USING (type)
GROUP BY s.type, s.neurons, s.inputs
ORDER BY recurrent_fraction DESC, s.type
