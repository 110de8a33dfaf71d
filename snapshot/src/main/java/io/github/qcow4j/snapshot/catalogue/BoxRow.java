package io.github.qcow4j.snapshot.catalogue;

import io.github.qcow4j.snapshot.model.BoxStatus;
import io.github.qcow4j.snapshot.model.Holder;
import java.sql.SQLException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A box.
 *
 * @param seq its number, never used again
 * @param id its identifier
 * @param name its name
 * @param status stopped, running or quarantined
 * @param holder who holds it as running, or null
 * @param createdAt when it was made
 * @param carried a JSON text that goes with it, or null
 */
public record BoxRow(
    long seq,
    String id,
    String name,
    BoxStatus status,
    @Nullable Holder holder,
    Instant createdAt,
    @Nullable String carried) {

  static BoxRow read(Row row) throws SQLException {
    Long pid = row.numberOrNull("holder_pid");
    return new BoxRow(
        row.number("seq"),
        row.text("id"),
        row.text("name"),
        BoxStatus.ofLabel(row.text("status")),
        pid == null
            ? null
            : new Holder(
                pid,
                row.time("holder_started"),
                row.textOrNull("holder_start"),
                row.text("holder_command")),
        row.time("created_at"),
        row.textOrNull("carried"));
  }
}
