-- Whoever is erased is erased from the messages that named them.
CREATE INDEX hospital_patient_patient ON hospital_patient (patient);
