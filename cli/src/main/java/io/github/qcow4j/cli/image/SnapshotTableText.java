package io.github.qcow4j.cli.image;

import static io.github.qcow4j.cli.output.Columns.left;
import static io.github.qcow4j.cli.output.Columns.right;

import io.github.qcow4j.cli.output.SizeFormat;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.List;

/** The table of internal snapshots; dates are those of the local time zone. */
final class SnapshotTableText {

  private static final long NANOS_PER_MILLI = 1_000_000;

  private SnapshotTableText() {}

  static String of(List<InternalSnapshot> snapshots) {
    StringBuilder text = new StringBuilder();
    text.append(left("ID", 10))
        .append(left("TAG", 17))
        .append(right("VM SIZE", 8))
        .append(right("DATE", 20))
        .append(right("VM CLOCK", 13))
        .append(right("ICOUNT", 11))
        .append('\n');
    for (InternalSnapshot snapshot : snapshots) {
      text.append(left(ShownText.of(snapshot.id()), 9))
          .append(' ')
          .append(left(ShownText.of(snapshot.name()), 16))
          .append(' ')
          .append(right(SizeFormat.of(snapshot.vmStateBytes()), 8))
          .append(right(date(snapshot.dateSeconds()), 20))
          .append(right(clock(snapshot.vmClockNanos()), 13))
          .append(right(snapshot.icount() == -1 ? "" : "" + snapshot.icount(), 11))
          .append('\n');
    }
    return text.toString();
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
