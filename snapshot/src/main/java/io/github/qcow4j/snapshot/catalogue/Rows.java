package io.github.qcow4j.snapshot.catalogue;

import io.github.qcow4j.snapshot.error.BoxException;
import io.github.qcow4j.snapshot.error.CatalogueException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/** The statements of one transaction. For the thread that runs it, as long as it runs. */
public final class Rows {

  private static final int PRIMARY_CODE = 0xff;

  private final Connection connection;

  Rows(Connection connection) {
    this.connection = connection;
  }

  <T> List<T> list(String sql, Row.Reader<T> reader, @Nullable Object... parameters)
      throws CatalogueException {
    try (PreparedStatement statement = prepare(sql, parameters);
        ResultSet results = statement.executeQuery()) {
      List<T> rows = new ArrayList<>();
      Row row = new Row(results);
      while (results.next()) {
        rows.add(reader.read(row));
      }
      return rows;
    } catch (SQLException e) {
      throw failure("read the catalogue", e);
    }
  }

  <T> @Nullable T first(String sql, Row.Reader<T> reader, @Nullable Object... parameters)
      throws CatalogueException {
    List<T> rows = list(sql, reader, parameters);
    return rows.isEmpty() ? null : rows.getFirst();
  }

  /** Changes rows; returns how many. */
  int update(String sql, @Nullable Object... parameters) throws CatalogueException {
    try (PreparedStatement statement = prepare(sql, parameters)) {
      return statement.executeUpdate();
    } catch (SQLException e) {
      throw failure("write the catalogue", e);
    }
  }

  /** Adds a row; returns its number. */
  long insert(String sql, @Nullable Object... parameters) throws CatalogueException {
    update(sql, parameters);
    Long number = first("SELECT last_insert_rowid() AS number", row -> row.number("number"));
    return number == null ? 0 : number;
  }

  void execute(String sql) throws CatalogueException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw failure("write the catalogue", e);
    }
  }

  private PreparedStatement prepare(String sql, @Nullable Object... parameters)
      throws SQLException {
    PreparedStatement statement = connection.prepareStatement(sql);
    try {
      for (int at = 0; at < parameters.length; at++) {
        statement.setObject(at + 1, parameters[at]);
      }
      return statement;
    } catch (SQLException e) {
      try (statement) {
        throw e;
      }
    }
  }

  static CatalogueException failure(String what, SQLException cause) {
    boolean constraint =
        cause instanceof SQLiteException lite
            && (lite.getResultCode().code & PRIMARY_CODE) == SQLiteErrorCode.SQLITE_CONSTRAINT.code;
    // Where its native library cannot be loaded, the driver says so only in the cause.
    Throwable behind = cause.getCause();
    String reason = cause.getMessage() + (behind == null ? "" : ": " + behind.getMessage());
    return new CatalogueException(kind(cause), "cannot " + what + ": " + reason, constraint, cause);
  }

  private static BoxException.Kind kind(SQLException cause) {
    int code = cause instanceof SQLiteException lite ? lite.getResultCode().code & PRIMARY_CODE : 0;
    boolean corrupt =
        code == SQLiteErrorCode.SQLITE_CORRUPT.code || code == SQLiteErrorCode.SQLITE_NOTADB.code;
    return corrupt ? BoxException.Kind.CORRUPT : BoxException.Kind.FAILED;
  }
}
