package io.github.qcow4j.snapshot;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/**
 * Has the transactions of a catalogue in memory fail as those in a file do, when a call to a file
 * fails: reading asks the file at its beginning, changes are written before they are committed.
 */
final class FailingTransactions {

  private static final String READING = "BEGIN DEFERRED";
  private static final String CHANGING = "BEGIN IMMEDIATE";
  private static final String END = "COMMIT";

  private final Volume volume;
  private final Path file;
  private boolean changing;

  FailingTransactions(Volume volume, Path file) {
    this.volume = volume;
    this.file = file;
  }

  /** The connection with its transactions failing. */
  Connection over(Connection real) {
    return (Connection)
        Proxy.newProxyInstance(
            Connection.class.getClassLoader(),
            new Class<?>[] {Connection.class},
            (proxy, method, arguments) -> {
              Object result = call(real, method, arguments);
              boolean control =
                  method.getName().equals("prepareStatement")
                      && Set.of(READING, CHANGING, END).contains(String.valueOf(arguments[0]));
              return control ? statement(result, String.valueOf(arguments[0])) : result;
            });
  }

  private PreparedStatement statement(@Nullable Object real, String sql) {
    return (PreparedStatement)
        Proxy.newProxyInstance(
            Connection.class.getClassLoader(),
            new Class<?>[] {PreparedStatement.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("executeUpdate")) {
                before(sql);
              }
              return call(Objects.requireNonNull(real), method, arguments);
            });
  }

  private static @Nullable Object call(Object real, Method method, Object @Nullable [] arguments)
      throws Throwable {
    try {
      return method.invoke(real, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private void before(String sql) throws SQLException {
    try {
      if (sql.equals(READING)) {
        volume.status(file);
      } else if (sql.equals(END) && changing) {
        try (BlockFile written = volume.open(file, OpenOptions.writing())) {
          written.sync();
        }
      }
    } catch (IOException e) {
      boolean full = String.valueOf(e.getMessage()).endsWith(Errno.ENOSPC.text());
      throw new SQLiteException(
          String.valueOf(e.getMessage()),
          full ? SQLiteErrorCode.SQLITE_FULL : SQLiteErrorCode.SQLITE_IOERR);
    }
    changing = sql.equals(CHANGING);
  }
}
