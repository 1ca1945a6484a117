"""EPCIS 2.0 and CBV 2.0: events of partners, and our own facts as events.

``vocabulary`` words; ``identifiers`` GS1 keys as URNs and Digital Link; ``rules`` what an event may say; ``documents``
JSON-LD; ``xml_in``, ``xml_out`` XML 1.2 and 2.0; ``event_hash``; ``query`` who asks for which; ``facts`` ours as
events; ``hierarchy`` what lies in what.
"""
