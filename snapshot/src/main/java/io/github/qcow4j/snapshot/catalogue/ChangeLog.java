package io.github.qcow4j.snapshot.catalogue;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteConfig.JournalMode;
import org.sqlite.SQLiteConfig.SynchronousMode;
import org.sqlite.SQLiteErrorCode;

/** What SQLite writes beside a catalogue, so that a change is there as a whole or not at all. */
public enum ChangeLog {

  /**
   * What is new (<a href="https://www.sqlite.org/wal.html">Write-Ahead Logging</a>): one sync for
   * each change, and nobody who reads waits. Its index is mapped into memory, also to be read:
   * where a page of it gets its storage only when it is written, no room is no error but a signal
   * (SIGBUS) that ends the process.
   */
  AHEAD {
    @Override
    void choose(SQLiteConfig config) {
      config.setJournalMode(JournalMode.WAL);
      config.setSynchronous(SynchronousMode.FULL);
    }

    @Override
    void apply(Connection connection, int busyTimeoutMillis) {
      // All is said in the configuration.
    }
  },

  /**
   * What was there before, in a journal that is cut to nothing when the change is made: some syncs
   * more, and who reads and who writes wait for each other. Nothing is mapped.
   */
  ROLLBACK {
    @Override
    void choose(SQLiteConfig config) {
      // The driver says these in any order, and most of them already open the index of a log ahead.
    }

    // A log ahead is brought in for good if nobody else has the catalogue open; else it stays for
    // this time. Who has a catalogue for himself keeps the index of its log in his own memory.
    @Override
    void apply(Connection connection, int busyTimeoutMillis) throws SQLException {
      try (Statement statement = connection.createStatement()) {
        statement.execute("PRAGMA busy_timeout = 0");
        statement.execute("PRAGMA locking_mode = EXCLUSIVE");
        boolean done = truncates(statement);
        statement.execute("PRAGMA locking_mode = NORMAL");
        statement.execute("PRAGMA busy_timeout = " + busyTimeoutMillis);
        if (!done) {
          boolean _ = truncates(statement);
        }
        // SQLite lets go of the lock with the next look at the file, and not before.
        statement.executeQuery("SELECT count(*) FROM sqlite_schema").close();
        // A journal that another mode of this connection deletes is to stay deleted, too.
        statement.execute("PRAGMA synchronous = EXTRA");
      }
    }
  };

  private static final String TRUNCATE = "PRAGMA journal_mode = TRUNCATE";

  /** Has a connection opened with this log, before its first statement. */
  abstract void choose(SQLiteConfig config);

  /** Does the rest, by the first statements of a connection. */
  abstract void apply(Connection connection, int busyTimeoutMillis) throws SQLException;

  /** Whether it does now; not while others have the catalogue open with a log ahead. */
  private static boolean truncates(Statement statement) throws SQLException {
    try {
      statement.execute(TRUNCATE);
      return true;
    } catch (SQLException e) {
      if (Rows.code(e) == SQLiteErrorCode.SQLITE_BUSY.code) {
        return false;
      }
      throw e;
    }
  }
}
