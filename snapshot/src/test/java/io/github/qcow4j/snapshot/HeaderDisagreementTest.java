package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.rebase.BackingName;
import io.github.qcow4j.qcow2.rebase.Rebase;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import io.github.qcow4j.snapshot.error.DisagreementException;
import io.github.qcow4j.snapshot.error.InUseException;
import io.github.qcow4j.snapshot.lease.Lease;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CloneRequest;
import io.github.qcow4j.snapshot.model.CollectRequest;
import io.github.qcow4j.snapshot.model.Collected;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Somebody lays an image on another layer by hand: until it is settled, no data moves or goes. */
final class HeaderDisagreementTest {

  private static final String ROOT = BoxDisk.ROOT;

  private final Volume volume = Volumes.host();
  @TempDir private Path directory;
  private BoxHome home;

  /** A box of two snapshots, and two clones of the second, of which the later one was moved. */
  @BeforeEach
  void layOneCloneOnTheOlderSnapshot() throws Exception {
    open(HomeOptions.DEFAULT_MAX_CHAIN_LAYERS);
    DiskSource root = new DiskSource.Empty(ROOT, 1 << 20);
    home.create(new CreateRequest("web", List.of(root)), new JobControl());
    home.snapshot("web", "one", "");
    DiskBytes.write(volume, home.path("web", ROOT), 65536, 65536, 77);
    home.snapshot("web", "two", "");
    home.cloneBox(new CloneRequest("web", "two", List.of("a", "moved"), false), new JobControl());
    layOn("moved", "one");
  }

  private void open(int maxChainLayers) throws IOException {
    home =
        BoxHome.open(HomeOptions.of(directory.resolve("home")).withMaxChainLayers(maxChainLayers));
  }

  @AfterEach
  void close() throws Exception {
    home.close();
  }

  private void layOn(String box, String snapshot) throws IOException {
    String name = "../layers/" + home.snapshotPath("web", snapshot, ROOT).getFileName();
    Rebase.rename(
        volume,
        home.path(box, ROOT),
        ImageOptions.of(ImageFormat.QCOW2),
        new BackingName(name, "qcow2"));
  }

  private SortedMap<String, String> images() throws IOException {
    SortedMap<String, String> images = new TreeMap<>();
    for (String folder : List.of("disks", "layers")) {
      try (Stream<Path> files = Files.list(home.directory().resolve(folder))) {
        for (Path each : files.toList()) {
          images.put(each.toString(), DiskBytes.digest(Files.readAllBytes(each)));
        }
      }
    }
    return images;
  }

  private void refused(ThrowingCallable operation) throws IOException {
    SortedMap<String, String> before = images();
    assertThatThrownBy(operation)
        .isInstanceOf(DisagreementException.class)
        .hasMessageContaining(moved() + " lies on 'layers/")
        .hasMessageContaining("as its header says")
        .hasMessageContaining("nothing was changed");
    assertThat(images()).isEqualTo(before);
    assertThat(home.snapshots("web")).hasSize(2);
  }

  private String moved() throws IOException {
    return "'disks/" + home.path("moved", ROOT).getFileName() + "'";
  }

  @Test
  void aSnapshotIsNotMergedIntoAnImageThatLiesElsewhere() throws Exception {
    refused(() -> home.mergeSnapshot("web", "two", new JobControl()));
    layOn("moved", "two");
    home.mergeSnapshot("web", "two", new JobControl());
    byte[] disk = DiskBytes.read(volume, home.path("moved", ROOT));
    assertThat(disk).isEqualTo(DiskBytes.read(volume, home.path("web", ROOT)));
    assertThat(disk[65536 + 1]).isNotZero();
  }

  /** Between its header and the catalogue whoever moves an image holds what it is laid on. */
  @Test
  void whoIsJustLayingAnImageOnALayerIsInTheWayAndNoDisagreement() throws Exception {
    Path file = home.snapshotPath("web", "one", ROOT);
    ImageRow layer =
        home.internals().catalogue().read(rows -> new Images(rows).all()).stream()
            .filter(each -> file.endsWith(each.file()))
            .findFirst()
            .orElseThrow();
    try (Lease laying = home.internals().leases().reading(layer.seq())) {
      assertThat(laying).isNotNull();
      assertThatThrownBy(() -> home.mergeSnapshot("web", "one", new JobControl()))
          .isInstanceOf(InUseException.class);
    }
    assertThatThrownBy(() -> home.mergeSnapshot("web", "one", new JobControl()))
        .isInstanceOf(DisagreementException.class);
  }

  @Test
  void aCollectionKeepsSuchASnapshotAndSaysWhy() throws Exception {
    SortedMap<String, String> before = images();
    List<Collected> lines =
        home.collect(new CollectRequest(false, 0, null, null), new JobControl());
    assertThat(lines).hasSize(2).noneMatch(Collected::removed);
    String moved = moved();
    assertThat(lines)
        .extracting(Collected::hindrance)
        .allMatch(why -> why != null && why.contains(moved));
    assertThat(images()).isEqualTo(before);
  }

  @Test
  void aChainIsNotShortenedFromAnImageThatLiesElsewhere() throws Exception {
    home.close();
    open(2);
    refused(() -> home.snapshot("moved", "more", ""));
  }

  @Test
  void noRemovalTakesALayerThatSuchAnImageNames() throws Exception {
    assertThatThrownBy(() -> home.removeSnapshot("web", "one")).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> home.removeSnapshot("web", "two")).isInstanceOf(IOException.class);
    assertThat(images()).hasSize(5);
  }
}
