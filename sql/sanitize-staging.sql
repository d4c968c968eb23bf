-- An example: runs in a restored copy of production before anyone can connect to it.
-- What must never leave staging: letters to real people, and keys that open the doors of production.
UPDATE users SET email = 'user-' || id || '@example.com';
