CREATE DATABASE guesthouse CHARACTER SET utf8mb4;
CREATE TABLE guesthouse.guests (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80) NOT NULL, message TEXT NOT NULL) ENGINE = InnoDB;
INSERT INTO guesthouse.guests (name, message) VALUES ('Ada', 'The analytical engine weaves patterns. So does your carpet.'), ('Grace', 'Found a moth in the wardrobe. Taped it into the guest book.'), ('Ken', 'Reflections on trusting the breakfast: excellent.'), ('Radia', 'Found my way back to my room without a loop.');
