package io.github.qcow4j.cli.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.box.BoxRun;
import io.github.qcow4j.nativeio.LoopFileSystem;
import io.github.qcow4j.nativeio.MemoryFolder;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A box of a hostile image is made whole, or there is nothing of it. */
final class HostileBoxesTest {

  /**
   * Of so many images one is tried; coprime to the places that structures can lie at, so that each
   * has its turn.
   */
  private static final int STRIDE = Integer.getInteger("qcow4j.hostile.boxes.stride", 29);

  /** Of so many ways to bring an image one is tried; coprime to how many there are. */
  private static final int DELIVERY_STRIDE = STRIDE == 1 ? 1 : 2;

  @TempDir(factory = MemoryFolder.class)
  private Path directory;

  private Gauntlet gauntlet;
  private Set<Path> empty;

  @BeforeEach
  void prepare() throws IOException {
    directory = directory.toRealPath();
    gauntlet = new Gauntlet(Files.createDirectory(directory.resolve("images")));
    Path home = directory.resolve("empty");
    assertThat(new BoxRun(home).call("create", "web", "--from", "nowhere").exitCode()).isNotZero();
    empty = names(home);
  }

  @Test
  void aBoxIsMadeWholeOrNothingOfItIsLeft() throws IOException {
    Map<Delivery, Integer> made = new EnumMap<>(Delivery.class);
    Map<Delivery, Integer> refused = new EnumMap<>(Delivery.class);
    int turn = 0;
    for (HostileCase hostile : cases()) {
      for (Delivery delivery : Delivery.values()) {
        if (turn++ % DELIVERY_STRIDE == 0) {
          (meet(hostile, delivery) ? made : refused).merge(delivery, 1, Integer::sum);
        }
      }
    }
    System.out.println("boxes of hostile images, made: " + made + ", refused: " + refused);
    assertThat(gauntlet.misdeeds()).isEmpty();
    assertThat(made).containsOnlyKeys(Delivery.values());
    assertThat(refused).containsOnlyKeys(Delivery.values());
  }

  private List<HostileCase> cases() {
    List<HostileCase> all = HostileCase.tangledAndAtLimits();
    List<HostileCase> cases = new ArrayList<>();
    for (int i = 0; i < all.size(); i += STRIDE) {
      cases.add(all.get(i));
    }
    cases.addAll(HostileCase.leadingTo(gauntlet.sound()));
    return cases;
  }

  /** Whether there is a box afterwards. */
  private boolean meet(HostileCase hostile, Delivery delivery) throws IOException {
    Path home = directory.resolve("home");
    Path parcel = Files.createDirectory(directory.resolve("parcel"));
    Path image = gauntlet.lay(hostile, parcel.resolve("image.qcow2"));
    Path subject = delivery.pack(image, Files.createDirectory(parcel.resolve("packed")));
    Encounter encounter = meet(hostile, delivery, subject, home);
    boolean made = encounter.run().exitCode() == 0;
    if (!made && !names(home).equals(empty)) {
      gauntlet.complain(hostile, "left " + names(home) + ": " + encounter.run());
    }
    if (new BoxRun(home).ok("list").contains("web") != made) {
      gauntlet.complain(hostile, (made ? "no box: " : "a box: ") + encounter.run());
    }
    LoopFileSystem.delete(parcel);
    LoopFileSystem.delete(home);
    return made;
  }

  private Encounter meet(HostileCase hostile, Delivery delivery, Path subject, Path home)
      throws IOException {
    if (!delivery.isOnStandardInput()) {
      return gauntlet.meet(hostile, delivery.command(), subject, home);
    }
    InputStream before = System.in;
    try (InputStream stream = Files.newInputStream(subject)) {
      System.setIn(stream);
      return gauntlet.meet(hostile, delivery.command(), subject, home);
    } finally {
      System.setIn(before);
    }
  }

  private static Set<Path> names(Path home) throws IOException {
    try (Stream<Path> files = Files.walk(home)) {
      return files.map(home::relativize).collect(Collectors.toCollection(TreeSet::new));
    }
  }
}
