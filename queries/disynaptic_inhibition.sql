-- title: Disynaptic inhibition: whom a group inhibits through others
-- group: Motifs
-- about: Whom a group inhibits by way of inhibitory neurons, by types: the group synapses onto an inhibitory neuron, which
--     synapses onto the target. The target is neither of the two other neurons of its path.
-- parameter: source neurons: where it begins
-- parameter: inhibitory transmitter = gaba,glutamate: transmitters that inhibit
-- parameter: min_synapses int >= 1 = 5: of each of the two connections
-- column: inhibitory_type: type of the inhibitory neuron between
-- column: target_type: type of the target
-- column: inhibitory_neurons (neurons): between
-- column: targets (neurons): different targets
-- column: paths (paths): of source, inhibitory neuron and target
-- example: source=EPG min_synapses=5
WITH onto_them AS (
    SELECT pre_id, post_id
    FROM connections
    WHERE kind = 'chemical' AND pre_id <> post_id AND pre_id IN (SELECT unnest($source))
    GROUP BY pre_id, post_id
    HAVING sum(synapses) >= $min_synapses
),
inhibiting AS (
    SELECT neuron_id, type
    FROM neurons
    WHERE nt IN (SELECT unnest($inhibitory)) AND neuron_id IN (SELECT post_id FROM onto_them)
),
from_them AS (
    SELECT pre_id, post_id
    FROM connections
    WHERE kind = 'chemical' AND pre_id <> post_id AND pre_id IN (SELECT neuron_id FROM inhibiting)
    GROUP BY pre_id, post_id
    HAVING sum(synapses) >= $min_synapses
)
SELECT i.type AS inhibitory_type, t.type AS target_type, count(DISTINCT i.neuron_id) AS inhibitory_neurons,
       count(DISTINCT t.neuron_id) AS targets, count(*) AS paths
FROM onto_them first
JOIN inhibiting i ON i.neuron_id = first.post_id
JOIN from_them second ON second.pre_id = i.neuron_id AND second.post_id <> first.pre_id
JOIN neurons t ON t.neuron_id = second.post_id
GROUP BY i.type, t.type
ORDER BY paths DESC, inhibitory_type NULLS LAST, target_type NULLS LAST
