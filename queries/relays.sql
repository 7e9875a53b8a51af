-- title: Neurons between two groups
-- group: Partners
-- about: Neurons of neither group that take input from the first and give output to the second; the strongest bottleneck first.
-- parameter: source neurons: where the paths begin
-- parameter: target neurons: where they end
-- parameter: min_synapses int >= 1 = 5: only connections with at least this many synapses
-- column: neuron_id: the neuron between
-- column: name: its name
-- column: type: its type
-- column: nt: its transmitter
-- column: synapses_in (synapses): from the first group
-- column: synapses_out (synapses): onto the second group
-- column: sources (neurons): of the first group that synapse onto it
-- column: targets (neurons): of the second group that it synapses onto
-- example: source="type 'ORN*'" target="type 'MBON*', type 'KC*'"
WITH into_it AS (
    SELECT post_id AS neuron_id, sum(synapses)::BIGINT AS synapses_in, count(*) AS sources
    FROM (
        SELECT pre_id, post_id, sum(synapses) AS synapses
        FROM connections
        WHERE kind = 'chemical' AND pre_id IN (SELECT unnest($source))
        GROUP BY pre_id, post_id
        HAVING sum(synapses) >= $min_synapses
    )
    GROUP BY post_id
),
out_of_it AS (
    SELECT pre_id AS neuron_id, sum(synapses)::BIGINT AS synapses_out, count(*) AS targets
    FROM (
        SELECT pre_id, post_id, sum(synapses) AS synapses
        FROM connections_by_post
        WHERE kind = 'chemical' AND post_id IN (SELECT unnest($target))
        GROUP BY pre_id, post_id
        HAVING sum(synapses) >= $min_synapses
    )
    GROUP BY pre_id
)
SELECT n.neuron_id, n.name, n.type, n.nt, i.synapses_in, o.synapses_out, i.sources, o.targets
FROM into_it i
JOIN out_of_it o USING (neuron_id)
JOIN neurons n USING (neuron_id)
WHERE n.neuron_id NOT IN (SELECT unnest($source) UNION ALL SELECT unnest($target))
ORDER BY least(i.synapses_in, o.synapses_out) DESC, i.synapses_in + o.synapses_out DESC, n.neuron_id
