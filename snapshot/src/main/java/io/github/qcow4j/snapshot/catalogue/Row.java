package io.github.qcow4j.snapshot.catalogue;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** The present row of an answer; columns by name. */
final class Row {

  private final ResultSet results;

  Row(ResultSet results) {
    this.results = results;
  }

  /** Makes a value of a row. */
  @FunctionalInterface
  interface Reader<T> {
    T read(Row row) throws SQLException;
  }

  String text(String column) throws SQLException {
    String value = results.getString(column);
    if (value == null) {
      throw new SQLException("column " + column + " is empty");
    }
    return value;
  }

  @Nullable String textOrNull(String column) throws SQLException {
    return results.getString(column);
  }

  long number(String column) throws SQLException {
    long value = results.getLong(column);
    if (results.wasNull()) {
      throw new SQLException("column " + column + " is empty");
    }
    return value;
  }

  @Nullable Long numberOrNull(String column) throws SQLException {
    long value = results.getLong(column);
    return results.wasNull() ? null : value;
  }

  @Nullable Object valueOrNull(String column) throws SQLException {
    return results.getObject(column);
  }

  Instant time(String column) throws SQLException {
    return Instant.ofEpochMilli(number(column));
  }
}
