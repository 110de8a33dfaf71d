package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.rebase.BackingName;
import io.github.qcow4j.qcow2.rebase.Rebase;
import io.github.qcow4j.qcow2.rebase.RebaseOptions;
import io.github.qcow4j.qcow2.rebase.RebaseResult;
import io.github.qcow4j.snapshot.catalogue.Change;
import io.github.qcow4j.snapshot.catalogue.FileSwitch;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import io.github.qcow4j.snapshot.catalogue.Intent;
import io.github.qcow4j.snapshot.catalogue.Parent;
import io.github.qcow4j.snapshot.error.UnsettledException;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import io.github.qcow4j.snapshot.model.Holder;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A live disk is laid on the layer below the next one, and each call fails in turn. */
class RebaseIntentFaultTest {

  private static final HomeLayout LAYOUT = new HomeLayout(SimulatedHome.DIRECTORY);

  @Test
  void aRebaseThatFailedAfterItsHeaderWasWrittenIsDone() throws Exception {
    SimulatedVolume prepared = volume();
    SimulatedHome place = SimulatedHome.recording();
    List<ImageRow> chain;
    try (BoxHome home = place.create(prepared, 5)) {
      chain = chain(home, prepared);
    }
    int done = 0;
    boolean happened = true;
    for (int call = 1; happened; call++) {
      SimulatedVolume volume = volume();
      volume.takeFrom(prepared);
      try (BoxHome home = place.reopen(volume, 6)) {
        volume.faults().failCall(call, Errno.EIO);
        IOException failure = rebase(home, volume, chain);
        happened = volume.faults().happened();
        volume.faults().none();
        place.recover(home);
        Observation.requireAgreement(home, volume);
        boolean rebased = parent(home, chain.getFirst()).equals(inside(chain.get(2)));
        if (!(failure instanceof UnsettledException)) {
          assertThat(rebased).as("call %d, %s", call, failure).isEqualTo(failure == null);
        }
        done += rebased && happened ? 1 : 0;
      }
    }
    assertThat(done).isPositive();
  }

  private static SimulatedVolume volume() {
    return SimulatedVolume.create(SimulatedVolume.Options.standard().withRecording(false));
  }

  /** A live disk on two layers, each with data of its own. */
  private static List<ImageRow> chain(BoxHome home, SimulatedVolume volume) throws Exception {
    DiskSource empty = new DiskSource.Empty(BoxDisk.ROOT, BoxWork.DISK_BYTES);
    home.create(new CreateRequest("web", List.of(empty)), new JobControl());
    for (String snapshot : List.of("one", "two")) {
      DiskBytes.write(volume, home.path("web", BoxDisk.ROOT), 512, 700, snapshot.hashCode());
      assertThat(home.snapshot("web", snapshot, "").name()).isEqualTo(snapshot);
    }
    String live = String.valueOf(home.path("web", BoxDisk.ROOT).getFileName());
    List<ImageRow> images = home.internals().catalogue().read(rows -> new Images(rows).all());
    String top =
        images.stream().filter(image -> image.file().endsWith(live)).findFirst().orElseThrow().id();
    return home.internals().catalogue().read(rows -> new Images(rows).chain(top));
  }

  private static @Nullable IOException rebase(
      BoxHome home, SimulatedVolume volume, List<ImageRow> chain) {
    ImageRow live = chain.getFirst();
    ImageRow target = chain.get(2);
    BackingName name = new BackingName(HomeLayout.backingName(target.file()), target.format());
    Intent intent =
        new Intent(
            0,
            "merge",
            live.sourceBoxId(),
            Intent.Phase.MAKING,
            Holder.ofThisProcess("test"),
            List.of(),
            List.of(),
            List.of(
                new FileSwitch(FileSwitch.Kind.REBASE, live.file(), name.name(), name.format(), 0)),
            List.of(Change.link(live.id(), inside(target))),
            List.of(),
            List.of());
    try {
      home.internals()
          .journal()
          .run(
              intent,
              () -> {
                RebaseResult _ =
                    Rebase.run(
                        volume,
                        LAYOUT.resolve(live.file()),
                        ReferencePolicy.allow(),
                        ImageOptions.of(ImageFormat.QCOW2),
                        name,
                        RebaseOptions.DEFAULT,
                        new JobControl());
              });
      return null;
    } catch (IOException e) {
      return e;
    }
  }

  private static Parent inside(ImageRow image) {
    return new Parent.Inside(image.id());
  }

  private static Parent parent(BoxHome home, ImageRow image) throws IOException {
    ImageRow now = home.internals().catalogue().read(rows -> new Images(rows).byId(image.id()));
    assertThat(now).isNotNull();
    assertThat(now.parent()).isNotNull();
    return now.parent();
  }
}
