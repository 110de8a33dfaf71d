package io.github.qcow4j.snapshot.catalogue;

import java.util.List;

/** The tables. What was released is never changed: a change is a further step. */
final class Schema {

  private static final String VERSION_1 =
"""
      CREATE TABLE box (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL UNIQUE,
        status TEXT NOT NULL CHECK (status IN ('stopped', 'running', 'quarantined')),
        holder_pid INTEGER,
        holder_started INTEGER,
        holder_command TEXT,
        created_at INTEGER NOT NULL,
        carried TEXT);

      CREATE TABLE image (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL CHECK (kind IN ('disk', 'kept', 'snapshot', 'clone_base', 'rootfs')),
        file TEXT NOT NULL UNIQUE,
        format TEXT NOT NULL,
        virtual_size INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        last_used_at INTEGER NOT NULL,
        source_box_id TEXT);

      CREATE TABLE edge (
        child_id TEXT PRIMARY KEY REFERENCES image(id),
        parent_id TEXT REFERENCES image(id),
        external TEXT,
        external_format TEXT,
        CHECK ((parent_id IS NULL) <> (external IS NULL))) WITHOUT ROWID;
      CREATE INDEX edge_parent ON edge (parent_id);
      CREATE INDEX edge_external ON edge (external);

      CREATE TABLE disk (
        box_id TEXT NOT NULL REFERENCES box(id),
        role TEXT NOT NULL,
        position INTEGER NOT NULL,
        image_id TEXT NOT NULL UNIQUE REFERENCES image(id),
        PRIMARY KEY (box_id, role)) WITHOUT ROWID;

      CREATE TABLE kept (
        box_id TEXT NOT NULL REFERENCES box(id),
        role TEXT NOT NULL,
        image_id TEXT NOT NULL UNIQUE REFERENCES image(id),
        PRIMARY KEY (box_id, role)) WITHOUT ROWID;

      CREATE TABLE snapshot (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        box_id TEXT NOT NULL REFERENCES box(id),
        name TEXT NOT NULL,
        description TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        last_used_at INTEGER NOT NULL,
        UNIQUE (box_id, name));

      CREATE TABLE snapshot_disk (
        snapshot_id TEXT NOT NULL REFERENCES snapshot(id) ON DELETE CASCADE,
        role TEXT NOT NULL,
        position INTEGER NOT NULL,
        image_id TEXT NOT NULL REFERENCES image(id),
        PRIMARY KEY (snapshot_id, role)) WITHOUT ROWID;
      CREATE INDEX snapshot_disk_image ON snapshot_disk (image_id);

      CREATE TABLE intent (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        operation TEXT NOT NULL,
        box_id TEXT,
        phase TEXT NOT NULL CHECK (phase IN ('making', 'sweeping')),
        holder_pid INTEGER NOT NULL,
        holder_started INTEGER NOT NULL,
        holder_command TEXT NOT NULL,
        created_at INTEGER NOT NULL);
      CREATE INDEX intent_box ON intent (box_id);

      CREATE TABLE intent_file (
        intent INTEGER NOT NULL REFERENCES intent(seq) ON DELETE CASCADE,
        role TEXT NOT NULL CHECK (role IN ('made', 'doomed', 'read')),
        file TEXT NOT NULL,
        PRIMARY KEY (intent, role, file)) WITHOUT ROWID;
      CREATE INDEX intent_file_name ON intent_file (file);

      CREATE TABLE intent_switch (
        intent INTEGER NOT NULL REFERENCES intent(seq) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('fork', 'exchange', 'rebase')),
        live TEXT NOT NULL,
        other TEXT NOT NULL,
        fresh TEXT NOT NULL,
        inode INTEGER NOT NULL,
        PRIMARY KEY (intent, position)) WITHOUT ROWID;

      CREATE TABLE intent_change (
        intent INTEGER NOT NULL REFERENCES intent(seq) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        statement TEXT NOT NULL,
        p1, p2, p3, p4, p5, p6, p7, p8,
        PRIMARY KEY (intent, position)) WITHOUT ROWID
""";

  /** Who is made to hold still, for those who go on after a dead process. */
  private static final String VERSION_2 =
"""
      CREATE TABLE intent_hold (
        intent INTEGER NOT NULL REFERENCES intent(seq) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('agent', 'hook', 'process')),
        target TEXT NOT NULL,
        PRIMARY KEY (intent, position)) WITHOUT ROWID
""";

  /**
   * Each index is one more page that a snapshot writes, twice where it is an intent's: those that
   * find nothing faster go. There are as many intents as operations under way.
   */
  private static final String VERSION_3 =
"""
      DROP INDEX intent_box;
      DROP INDEX intent_file_name;
      DROP INDEX edge_external;
      CREATE INDEX edge_external ON edge (external) WHERE external IS NOT NULL
""";

  /** What came with a box and is no disk. */
  private static final String VERSION_4 =
"""
      CREATE TABLE carried_file (
        box_id TEXT NOT NULL REFERENCES box(id),
        kept INTEGER NOT NULL CHECK (kept IN (0, 1)),
        name TEXT NOT NULL,
        file TEXT NOT NULL,
        PRIMARY KEY (box_id, kept, name)) WITHOUT ROWID;
      CREATE INDEX carried_file_file ON carried_file (file)
""";

  /** Who did not let go in time is not waited for at every opening. */
  private static final String VERSION_5 =
"""
      ALTER TABLE intent ADD COLUMN thaw_was_late INTEGER NOT NULL DEFAULT 0
          CHECK (thaw_was_late IN (0, 1))
""";

  /** Which process a holder is, whatever was done to the clock since; null for those before. */
  private static final String VERSION_6 =
"""
      ALTER TABLE box ADD COLUMN holder_start TEXT
""";

  /** See {@link IntentPlan}; what is under way in a former program's catalogue goes on. */
  private static final String VERSION_7 =
"""
      ALTER TABLE intent ADD COLUMN plan TEXT NOT NULL DEFAULT '{}';
      UPDATE intent SET plan = json_object(
          'made', json((SELECT json_group_array(file ORDER BY file) FROM intent_file
              WHERE intent = intent.seq AND role = 'made')),
          'read', json((SELECT json_group_array(file ORDER BY file) FROM intent_file
              WHERE intent = intent.seq AND role = 'read')),
          'doomed', json((SELECT json_group_array(file ORDER BY file) FROM intent_file
              WHERE intent = intent.seq AND role = 'doomed')),
          'switches', json((SELECT json_group_array(
              json_array(kind, live, other, fresh, inode) ORDER BY position)
              FROM intent_switch WHERE intent = intent.seq)),
          'changes', json((SELECT json_group_array(
              json_array(statement, p1, p2, p3, p4, p5, p6, p7, p8) ORDER BY position)
              FROM intent_change WHERE intent = intent.seq)),
          'holds', json((SELECT json_group_array(json_array(kind, target) ORDER BY position)
              FROM intent_hold WHERE intent = intent.seq)));
      DROP TABLE intent_file;
      DROP TABLE intent_switch;
      DROP TABLE intent_change;
      DROP TABLE intent_hold
""";

  static final Migrations MIGRATIONS =
      new Migrations(
          List.of(VERSION_1, VERSION_2, VERSION_3, VERSION_4, VERSION_5, VERSION_6, VERSION_7));

  private Schema() {}
}
