-- Transaction data and messages go to a partner by this connection, and come from it; '': they are fetched and sent by hand.
ALTER TABLE trading_partner ADD COLUMN connection text NOT NULL DEFAULT '';
