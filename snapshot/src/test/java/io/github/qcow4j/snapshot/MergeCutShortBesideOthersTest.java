package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.rebase.BackingName;
import io.github.qcow4j.qcow2.rebase.Rebase;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.Catalogue;
import io.github.qcow4j.snapshot.catalogue.DiskRow;
import io.github.qcow4j.snapshot.catalogue.FileSwitch;
import io.github.qcow4j.snapshot.catalogue.Intent;
import io.github.qcow4j.snapshot.catalogue.Intents;
import io.github.qcow4j.snapshot.error.InUseException;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.BoxStatus;
import io.github.qcow4j.snapshot.model.CollectRequest;
import io.github.qcow4j.snapshot.model.Holder;
import io.github.qcow4j.snapshot.model.HomeFinding;
import io.github.qcow4j.snapshot.model.HomeFinding.HinderedIntent;
import io.github.qcow4j.snapshot.model.RestoreRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * A merge of box 'web' was cut short that lays a layer, or a kept disk, of box 'other' on something
 * else, and a program has that file open.
 *
 * <p>Defect: commands on 'other' removed the file under it. What was begun could then be neither
 * ended nor undone, and 'web', whose disks were sound, was shut away for good.
 */
final class MergeCutShortBesideOthersTest extends TwoBoxes {

  private <T> T read(Catalogue.Work<T> work) throws IOException {
    return home.internals().catalogue().read(work);
  }

  private String layerOf(String box) throws IOException {
    return read(rows -> {
      Boxes boxes = new Boxes(rows);
      String snapshot = boxes.snapshot(boxes.named(box), "one").id();
      return boxes.snapshotDisks(snapshot).getFirst().image().file();
    });
  }

  private String keptOfOther() throws IOException {
    home.restore(new RestoreRequest("other", "one", null));
    List<DiskRow> kept =
        read(rows -> {
          Boxes boxes = new Boxes(rows);
          return boxes.kept(boxes.named("other").id());
        });
    return kept.getFirst().image().file();
  }

  private void leaveMergeInto(String file) throws Exception {
    String webId = read(rows -> new Boxes(rows).named("web").id());
    FileSwitch rebase = new FileSwitch(FileSwitch.Kind.REBASE, file, below(file), "qcow2", 0);
    Intent intent =
        new Intent(
            0,
            "merge",
            webId,
            Intent.Phase.MAKING,
            new Holder(1, Instant.EPOCH, "dead"),
            List.of(),
            List.of(),
            List.of(rebase),
            List.of(),
            List.of(),
            List.of());
    home.internals().catalogue().write(rows -> new Intents(rows).add(intent, Instant.EPOCH));
  }

  private String below(String file) throws IOException {
    try (DiskImage image = openElsewhere(file)) {
      DiskImage below = image.backing();
      return below == null ? "" : "../layers/" + below.path().getFileName();
    }
  }

  private DiskImage openElsewhere(String file) throws IOException {
    return DiskImages.open(
        Volumes.host(),
        directory.resolve("home").resolve(file),
        ReferencePolicy.allow(),
        ImageOptions.of(ImageFormat.QCOW2));
  }

  private void requireAllWell() throws Exception {
    home.close();
    open();
    for (String name : List.of("web", "other")) {
      BoxStatus status = read(rows -> new Boxes(rows).named(name).status());
      assertThat(status).isEqualTo(BoxStatus.STOPPED);
    }
    assertThat(check(false)).isEmpty();
    home.snapshot("web", "two", "");
  }

  @Test
  void theLayerOfASnapshotIsNotRemovedUnderIt() throws Exception {
    String layer = layerOf("other");
    leaveMergeInto(layer);
    try (DiskImage _ = openElsewhere(layer)) {
      assertThatThrownBy(() -> home.removeSnapshot("other", "one"))
          .isInstanceOf(InUseException.class)
          .hasMessageContaining("'merge' was cut short on box 'web'");
      assertThat(directory.resolve("home").resolve(layer)).exists();
    }
    requireAllWell();
  }

  @Test
  void aKeptDiskIsNotPutBackUnderIt() throws Exception {
    String kept = keptOfOther();
    leaveMergeInto(kept);
    try (DiskImage _ = openElsewhere(kept)) {
      assertThatThrownBy(() -> home.undo("other", true)).isInstanceOf(InUseException.class);
      assertThat(directory.resolve("home").resolve(kept)).exists();
    }
    requireAllWell();
  }

  /** Defect: it told of data in danger, where a program had only to let go. */
  @Test
  void aCheckCallsNothingCorruptWhoseChangeIsOnlyHindered() throws Exception {
    String layer = layerOf("other");
    // The header has been written by now, and the catalogue not.
    Rebase.rename(
        Volumes.host(),
        directory.resolve("home").resolve(layer),
        ImageOptions.of(ImageFormat.QCOW2),
        new BackingName("../" + layerOf("web"), "qcow2"));
    leaveMergeInto(layer);
    try (DiskImage _ = openElsewhere(layer)) {
      for (boolean repairing : new boolean[] {false, true}) {
        assertThat(check(repairing))
            .hasAtLeastOneElementOfType(HinderedIntent.class)
            .allMatch(finding -> finding.severity() == HomeFinding.Severity.UNCHECKED);
      }
    }
  }

  /** Defect: what it had only put under quarantine was told as removed. */
  @Test
  void collectingDoesNotTellAnOperationAsRemovedThatStands() throws Exception {
    leaveMergeInto("disks/" + home.path("other", BoxDisk.ROOT).getFileName());
    Files.writeString(home.path("other", BoxDisk.ROOT), "no image");
    assertThat(home.collect(CollectRequest.ofGarbage(false), new JobControl()))
        .filteredOn(line -> line.kind().equals("intent"))
        .singleElement()
        .matches(line -> !line.removed())
        .matches(line -> String.valueOf(line.hindrance()).contains("neither ended nor undone"));
  }
}
