-- title: Synapses near a point
-- group: Synapses
-- about: Single synapses whose postsynaptic point lies within a sphere, the nearest first.
-- parameter: x_nm int: of the middle
-- parameter: y_nm int: of the middle
-- parameter: z_nm int: of the middle
-- parameter: radius_nm int >= 1 = 5000: of the sphere
-- column: synapse_id: the synapse
-- column: pre_id: the presynaptic neuron
-- column: pre_type: its type
-- column: post_id: the postsynaptic neuron
-- column: post_type: its type
-- column: kind: chemical or electrical
-- column: distance_nm (nm): from the middle
-- example: x_nm=380000 y_nm=130000 z_nm=75000 radius_nm=8000
SELECT s.synapse_id, s.pre_id, a.type AS pre_type, s.post_id, b.type AS post_type, s.kind,
       round(sqrt((s.post_x_nm - $x_nm)::DOUBLE ** 2 + (s.post_y_nm - $y_nm)::DOUBLE ** 2 + (s.post_z_nm - $z_nm)::DOUBLE ** 2), 3)
           AS distance_nm
FROM synapses s
JOIN neurons a ON a.neuron_id = s.pre_id
JOIN neurons b ON b.neuron_id = s.post_id
WHERE s.post_x_nm BETWEEN $x_nm::BIGINT - $radius_nm AND $x_nm::BIGINT + $radius_nm
  AND s.post_y_nm BETWEEN $y_nm::BIGINT - $radius_nm AND $y_nm::BIGINT + $radius_nm
  AND s.post_z_nm BETWEEN $z_nm::BIGINT - $radius_nm AND $z_nm::BIGINT + $radius_nm
  AND distance_nm <= $radius_nm
ORDER BY distance_nm, s.synapse_id
