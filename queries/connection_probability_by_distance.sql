-- title: Connection probability against distance
-- group: Partners
-- about: Of the ordered pairs of the neurons asked whose cell bodies are a given distance apart, how many are connected. Neurons
--     without a known cell body are left out. Every pair is looked at: ask for some thousands of neurons, not for a whole brain.
-- parameter: neurons neurons: the neurons asked
-- parameter: bin_um float >= 0.001 = 20: width of a bin, in micrometres
-- parameter: min_synapses int >= 1 = 1: a pair is connected with at least this many synapses
-- column: from_um (um): lower end of the bin
-- column: to_um (um): upper end, not included
-- column: pairs (pairs): ordered pairs of different neurons at this distance
-- column: connected (pairs): those of them that are connected
-- column: probability (share): connected / pairs
-- column: mean_synapses (synapses): of a connected pair
-- example: neurons="type 'ER*'" bin_um=50
WITH body AS (
    SELECT neuron_id, soma_x_nm::DOUBLE AS x, soma_y_nm::DOUBLE AS y, soma_z_nm::DOUBLE AS z
    FROM neurons
    WHERE neuron_id IN (SELECT unnest($neurons)) AND x IS NOT NULL AND y IS NOT NULL AND z IS NOT NULL
),
linked AS (
    SELECT pre_id, post_id, sum(synapses) AS synapses
    FROM connections
    WHERE kind = 'chemical'
      AND pre_id IN (SELECT unnest($neurons))
      AND post_id IN (SELECT unnest($neurons))
    GROUP BY pre_id, post_id
    HAVING sum(synapses) >= $min_synapses
),
placed AS (
    SELECT a.neuron_id AS pre_id, b.neuron_id AS post_id,
           floor(sqrt((a.x - b.x) ** 2 + (a.y - b.y) ** 2 + (a.z - b.z) ** 2) / 1000 / $bin_um)::BIGINT AS bin
    FROM body a
    JOIN body b ON a.neuron_id <> b.neuron_id
)
SELECT bin * $bin_um AS from_um, (bin + 1) * $bin_um AS to_um, count(*) AS pairs, count(l.synapses) AS connected,
       count(l.synapses) / count(*) AS probability, avg(l.synapses) AS mean_synapses
FROM placed p
LEFT JOIN linked l USING (pre_id, post_id)
GROUP BY bin
ORDER BY bin
