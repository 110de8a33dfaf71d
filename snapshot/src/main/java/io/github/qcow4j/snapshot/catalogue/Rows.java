package io.github.qcow4j.snapshot.catalogue;

import io.github.qcow4j.snapshot.error.BoxException;
import io.github.qcow4j.snapshot.error.CatalogueException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/** The statements of one transaction. For the thread that runs it, as long as it runs. */
public final class Rows {

  private static final int PRIMARY_CODE = 0xff;

  private final Statements statements;

  Rows(Statements statements) {
    this.statements = statements;
  }

  <T> List<T> list(String sql, Row.Reader<T> reader, @Nullable Object... parameters)
      throws CatalogueException {
    try (ResultSet results = statements.with(sql, parameters).executeQuery()) {
      List<T> rows = new ArrayList<>();
      Row row = new Row(results);
      while (results.next()) {
        rows.add(reader.read(row));
      }
      return rows;
    } catch (SQLException e) {
      statements.forget(sql);
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
    try {
      return statements.with(sql, parameters).executeUpdate();
    } catch (SQLException e) {
      statements.forget(sql);
      throw failure("write the catalogue", e);
    }
  }

  /** Adds a row; returns its number. */
  long insert(String sql, @Nullable Object... parameters) throws CatalogueException {
    update(sql, parameters);
    Long number = first("SELECT last_insert_rowid() AS number", row -> row.number("number"));
    return number == null ? 0 : number;
  }

  /** Begins or ends a transaction. */
  void control(String sql) throws CatalogueException {
    try {
      statements.with(sql).executeUpdate();
    } catch (SQLException e) {
      statements.forget(sql);
      throw failure("write the catalogue", e);
    }
  }

  void execute(String sql) throws CatalogueException {
    try {
      statements.once(sql);
    } catch (SQLException e) {
      throw failure("write the catalogue", e);
    }
  }

  static CatalogueException failure(String what, SQLException cause) {
    boolean constraint =
        cause instanceof SQLiteException lite
            && (lite.getResultCode().code & PRIMARY_CODE) == SQLiteErrorCode.SQLITE_CONSTRAINT.code;
    // Where its native library cannot be loaded, the driver says so only in the cause.
    Throwable behind = cause.getCause();
    String reason = reason(cause) + (behind == null ? "" : ": " + behind.getMessage());
    return new CatalogueException(kind(cause), "cannot " + what + ": " + reason, constraint, cause);
  }

  private static String reason(SQLException cause) {
    int code = code(cause);
    if (code == SQLiteErrorCode.SQLITE_FULL.code) {
      return "no space left on its file system; free some there, and try again";
    } else if (code == SQLiteErrorCode.SQLITE_READONLY.code) {
      return "it may only be read";
    }
    return String.valueOf(cause.getMessage());
  }

  /** SQLite's, without what it says more exactly; 0 for what is not SQLite's. */
  static int code(SQLException cause) {
    return cause instanceof SQLiteException lite ? lite.getResultCode().code & PRIMARY_CODE : 0;
  }

  private static BoxException.Kind kind(SQLException cause) {
    int code = code(cause);
    boolean corrupt =
        code == SQLiteErrorCode.SQLITE_CORRUPT.code || code == SQLiteErrorCode.SQLITE_NOTADB.code;
    return corrupt ? BoxException.Kind.CORRUPT : BoxException.Kind.FAILED;
  }
}
