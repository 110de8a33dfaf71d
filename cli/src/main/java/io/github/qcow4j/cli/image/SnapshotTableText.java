package io.github.qcow4j.cli.image;

import static io.github.qcow4j.cli.output.Columns.left;
import static io.github.qcow4j.cli.output.Columns.right;

import io.github.qcow4j.cli.console.ErrorText;
import io.github.qcow4j.cli.output.SizeFormat;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import java.io.PrintStream;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.List;

/** The table of internal snapshots; dates are those of the local time zone. */
final class SnapshotTableText {

  private static final long NANOS_PER_MILLI = 1_000_000;

  private SnapshotTableText() {}

  /** Prints a line for each, as there may be more of them than fit into memory as text. */
  static void print(List<InternalSnapshot> snapshots, PrintStream out) {
    out.print(
        left("ID", 10)
            + left("TAG", 17)
            + right("VM SIZE", 8)
            + right("DATE", 20)
            + right("VM CLOCK", 13)
            + right("ICOUNT", 11)
            + '\n');
    for (InternalSnapshot snapshot : snapshots) {
      out.print(ErrorText.oneLine(line(snapshot)) + '\n');
    }
  }

  private static String line(InternalSnapshot snapshot) {
    return left(ShownText.of(snapshot.id()), 9)
        + ' '
        + left(ShownText.of(snapshot.name()), 16)
        + ' '
        + right(SizeFormat.of(snapshot.vmStateBytes()), 8)
        + right(date(snapshot.dateSeconds()), 20)
        + right(clock(snapshot.vmClockNanos()), 13)
        + right(snapshot.icount() == -1 ? "" : "" + snapshot.icount(), 11);
  }

  private static String date(long seconds) {
    LocalDateTime date =
        LocalDateTime.ofInstant(Instant.ofEpochSecond(seconds), ZoneId.systemDefault());
    return digits(date.getYear(), 4)
        + "-"
        + digits(date.getMonthValue(), 2)
        + "-"
        + digits(date.getDayOfMonth(), 2)
        + " "
        + digits(date.getHour(), 2)
        + ":"
        + digits(date.getMinute(), 2)
        + ":"
        + digits(date.getSecond(), 2);
  }

  private static String clock(long nanos) {
    long millis = Long.divideUnsigned(nanos, NANOS_PER_MILLI);
    long seconds = millis / 1000;
    return digits(seconds / 3600, 2)
        + ":"
        + digits(seconds / 60 % 60, 2)
        + ":"
        + digits(seconds % 60, 2)
        + "."
        + digits(millis % 1000, 3);
  }

  private static String digits(long number, int least) {
    String digits = Long.toString(number);
    return "0".repeat(Math.max(0, least - digits.length())) + digits;
  }
}
