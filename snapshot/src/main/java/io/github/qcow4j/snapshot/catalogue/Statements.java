package io.github.qcow4j.snapshot.catalogue;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The statements of a connection, each compiled once: an operation runs some dozens, and to compile
 * them takes longer than to run them. They go with the connection. For the holder of the
 * catalogue's lock.
 */
final class Statements {

  private final Connection connection;
  private final Map<String, PreparedStatement> compiled = new HashMap<>();

  Statements(Connection connection) {
    this.connection = connection;
  }

  /** A statement with its parameters, which is not to be closed. */
  PreparedStatement with(String sql, @Nullable Object... parameters) throws SQLException {
    PreparedStatement statement = compiled.get(sql);
    if (statement == null) {
      statement = connection.prepareStatement(sql);
      compiled.put(sql, statement);
    }
    for (int at = 0; at < parameters.length; at++) {
      statement.setObject(at + 1, parameters[at]);
    }
    return statement;
  }

  /**
   * Forgets a statement that has failed. After most failures the driver has closed it, and the next
   * use of it would fail whatever the catalogue is like by then.
   */
  void forget(String sql) {
    PreparedStatement failed = compiled.remove(sql);
    try {
      if (failed != null) {
        failed.close();
      }
    } catch (SQLException e) {
      // Closed already, or lost with the connection: what failed before is what is told.
    }
  }

  /** Runs what is run once, as changes of tables are. */
  void once(String sql) throws SQLException {
    try (var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
