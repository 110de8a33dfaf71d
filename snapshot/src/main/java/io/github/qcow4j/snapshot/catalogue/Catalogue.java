package io.github.qcow4j.snapshot.catalogue;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.github.qcow4j.snapshot.error.CatalogueException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteConfig;

/**
 * An open catalogue. A transaction that {@link #write} returned from is durable (by a {@link
 * ChangeLog} of SQLite's that is synced).
 *
 * <p>Any thread may call; transactions of one object follow each other. Other processes may use the
 * same catalogue at the same time.
 */
public final class Catalogue implements Closeable {

  /** No transaction of this program takes as long; whoever waits longer waits for a dead disk. */
  private static final int BUSY_TIMEOUT_MILLIS = 30_000;

  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Connection connection;

  @GuardedBy("lock")
  private final Statements statements;

  private final CommitListener listener;

  /** Set once, before anybody else has the catalogue. */
  private @Nullable String copy;

  /** What to do within a transaction. */
  @FunctionalInterface
  public interface Work<T extends @Nullable Object> {

    /** Does it; the transaction is rolled back when this throws. */
    T run(Rows rows) throws IOException;
  }

  /** Hears of commits, so that a test can tell what was durable when. */
  @FunctionalInterface
  public interface CommitListener {

    /** A transaction that changed something was committed. */
    void committed(Connection connection) throws IOException;
  }

  /** Asked before the first tables are made. */
  @FunctionalInterface
  public interface BeforeFirstTables {

    /** Nothing is made when this throws. */
    void require() throws IOException;
  }

  private Catalogue(Connection connection, CommitListener listener) {
    this.connection = connection;
    this.statements = new Statements(connection);
    this.listener = listener;
  }

  /**
   * Opens the catalogue in a file, making or migrating it as needed.
   *
   * @throws io.github.qcow4j.snapshot.error.NewerHomeException when a newer program wrote it
   */
  public static Catalogue open(Path file) throws IOException {
    return open(file, Schema.MIGRATIONS);
  }

  /**
   * The same, where something speaks against a new catalogue.
   *
   * @param log what is written beside it
   * @param beforeFirst asked when there are no tables yet, while no other process can make them
   */
  public static Catalogue open(Path file, ChangeLog log, BeforeFirstTables beforeFirst)
      throws IOException {
    return open(file, Schema.MIGRATIONS, log, beforeFirst);
  }

  static Catalogue open(Path file, Migrations migrations) throws IOException {
    return open(file, migrations, ChangeLog.AHEAD, () -> {});
  }

  /**
   * Opens a catalogue on a file system where nothing can be written. It must not have a log: what
   * that holds cannot be read without an index, which would have to be written.
   *
   * @throws CatalogueException also when it is of a former version
   */
  public static Catalogue openUnchanging(Path file) throws IOException {
    SQLiteConfig config = new SQLiteConfig();
    config.setReadOnly(true);
    config.setGetGeneratedKeys(false);
    // https://www.sqlite.org/uri.html, "immutable": neither locks nor index nor log.
    String uri = "file:" + file.toUri().getRawPath() + "?immutable=1";
    try {
      Connection connection =
          DriverManager.getConnection("jdbc:sqlite:" + uri, config.toProperties());
      Catalogue catalogue = new Catalogue(connection, c -> {});
      try {
        Schema.MIGRATIONS.requireDone(catalogue);
        return catalogue;
      } catch (IOException | RuntimeException e) {
        try (catalogue) {
          throw e;
        }
      }
    } catch (SQLException e) {
      throw Rows.failure("open " + file, e);
    }
  }

  private static Catalogue open(
      Path file, Migrations migrations, ChangeLog log, BeforeFirstTables beforeFirst)
      throws IOException {
    SQLiteConfig config = new SQLiteConfig();
    log.choose(config);
    config.enforceForeignKeys(true);
    config.setBusyTimeout(BUSY_TIMEOUT_MILLIS);
    // Else the driver asks for the last row's number after each change, whoever wants it.
    config.setGetGeneratedKeys(false);
    try {
      Properties properties = config.toProperties();
      Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file, properties);
      apply(log, connection);
      return migrated(connection, migrations, file.toString(), beforeFirst, c -> {});
    } catch (SQLException e) {
      throw Rows.failure("open " + file, e);
    }
  }

  private static void apply(ChangeLog log, Connection connection) throws SQLException {
    try {
      log.apply(connection, BUSY_TIMEOUT_MILLIS);
    } catch (SQLException e) {
      try (connection) {
        throw e;
      }
    }
  }

  /**
   * A catalogue over a connection of the caller's, which is closed with it.
   *
   * @param listener hears of every commit
   */
  public static Catalogue over(Connection connection, CommitListener listener) throws IOException {
    return migrated(connection, Schema.MIGRATIONS, null, () -> {}, listener);
  }

  private static Catalogue migrated(
      Connection connection,
      Migrations migrations,
      @Nullable String file,
      BeforeFirstTables beforeFirst,
      CommitListener listener)
      throws IOException {
    Catalogue catalogue = new Catalogue(connection, listener);
    try {
      catalogue.copy = migrations.run(catalogue, file, beforeFirst);
      return catalogue;
    } catch (IOException | RuntimeException e) {
      try (catalogue) {
        throw e;
      }
    }
  }

  /** Reads what one moment shows. */
  public <T extends @Nullable Object> T read(Work<T> work) throws IOException {
    return run("BEGIN DEFERRED", work, false);
  }

  /** Changes all or nothing; durable on return. */
  public <T extends @Nullable Object> T write(Work<T> work) throws IOException {
    return run("BEGIN IMMEDIATE", work, true);
  }

  private <T extends @Nullable Object> T run(String begin, Work<T> work, boolean writing)
      throws IOException {
    lock.lock();
    try {
      Rows rows = new Rows(statements);
      rows.control(begin);
      T result;
      try {
        result = work.run(rows);
        rows.control("COMMIT");
      } catch (IOException | RuntimeException e) {
        rollBack(rows, e);
        throw e;
      }
      if (writing) {
        listener.committed(connection);
      }
      return result;
    } finally {
      lock.unlock();
    }
  }

  private static void rollBack(Rows rows, Exception cause) {
    try {
      rows.control("ROLLBACK");
    } catch (CatalogueException e) {
      // SQLite has done it already after some failures, and says so.
      cause.addSuppressed(e);
    }
  }

  /**
   * What SQLite finds wrong with the file, and with references between tables; empty for nothing.
   */
  public List<String> faults() throws IOException {
    return read(rows -> {
      List<String> faults = new ArrayList<>();
      for (String line : rows.list("PRAGMA integrity_check", row -> row.text("integrity_check"))) {
        if (!line.equals("ok")) {
          faults.add(line);
        }
      }
      faults.addAll(
          rows.list(
              "PRAGMA foreign_key_check",
              row ->
                  "a row of table '%s' refers to one of '%s' that is not there"
                      .formatted(row.text("table"), row.text("parent"))));
      return faults;
    });
  }

  /** The copy of a former version that was made when this was opened, or null. */
  public @Nullable Path copy() {
    String made = copy;
    return made == null ? null : Path.of(made);
  }

  /** Whether nothing can be written to it, see {@link #openUnchanging}. */
  public boolean isUnchanging() throws IOException {
    lock.lock();
    try {
      return connection.isReadOnly();
    } catch (SQLException e) {
      throw Rows.failure("ask the catalogue", e);
    } finally {
      lock.unlock();
    }
  }

  /** Runs statements outside of any transaction, where some have to be. */
  <T extends @Nullable Object> T outside(Work<T> work) throws IOException {
    lock.lock();
    try {
      return work.run(new Rows(statements));
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() throws IOException {
    lock.lock();
    try {
      connection.close();
    } catch (SQLException e) {
      throw Rows.failure("close the catalogue", e);
    } finally {
      lock.unlock();
    }
  }
}
