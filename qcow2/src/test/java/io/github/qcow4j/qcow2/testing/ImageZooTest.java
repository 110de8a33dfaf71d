package io.github.qcow4j.qcow2.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageZooTest {

  private static final int LEAST = 5;

  @TempDir Path scratch;

  @Test
  void everyFeatureOccursSeveralTimesInTheDefaultZoo() {
    Map<Feature, Integer> counts = new EnumMap<>(Feature.class);
    for (Feature feature : Feature.values()) {
      counts.put(feature, 0);
    }
    defaultPlans()
        .forEach(
            plan -> plan.features().forEach(feature -> counts.merge(feature, 1, Integer::sum)));

    assertTrue(counts.values().stream().allMatch(count -> count >= LEAST), counts::toString);
  }

  @Test
  void everyClusterSizeVersionAndRefcountWidthOccursInTheDefaultZoo() {
    assertEquals(
        IntStream.rangeClosed(9, 21).boxed().collect(Collectors.toSet()),
        tops(LayerSpec::clusterBits));
    assertEquals(Set.of(2, 3), tops(LayerSpec::version));
    assertEquals(Set.of(1, 2, 4, 8, 16, 32, 64), tops(LayerSpec::refcountBits));
    assertEquals(Set.of(LayerSpec.Codec.values()), tops(LayerSpec::codec));
    assertEquals(Set.of(LayerSpec.DataFile.values()), tops(LayerSpec::dataFile));
    assertEquals(Set.of(LayerSpec.Preallocation.values()), tops(LayerSpec::preallocation));
  }

  @Test
  void extendedL2MeetsEveryClusterSizeThatAllowsIt() {
    Set<Integer> clusterBits =
        defaultPlans()
            .map(plan -> plan.top().spec())
            .filter(spec -> spec != null && spec.extendedL2())
            .map(LayerSpec::clusterBits)
            .collect(Collectors.toSet());

    assertEquals(IntStream.rangeClosed(14, 21).boxed().collect(Collectors.toSet()), clusterBits);
  }

  @Test
  void chainsOfEveryDepthUpToTwelveOccurInTheDefaultZoo() {
    Set<Integer> depths =
        defaultPlans()
            .map(plan -> plan.layers().size() - 1)
            .collect(Collectors.toCollection(TreeSet::new));

    assertEquals(IntStream.rangeClosed(0, 12).boxed().collect(Collectors.toSet()), depths);
  }

  @Test
  void oneSeedGivesTheSameScriptsAndAnotherSeedOthers() {
    for (int number = 0; number < 100; number++) {
      String script = ImagePlanner.plan(7, number).script("/here");
      assertEquals(script, ImagePlanner.plan(7, number).script("/here"));
      assertNotEquals(script, ImagePlanner.plan(8, number).script("/here"));
    }
  }

  @Test
  void aSecondZooOfTheSameSeedReadsTheSame() {
    int count = 26;
    ImageZoo first = ImageZoo.create(5, count, scratch.resolve("first"));
    ImageZoo second = ImageZoo.create(5, count, scratch.resolve("second"));

    for (int number = 0; number < count; number++) {
      assertEquals(
          digest(first.image(number)), digest(second.image(number)), first.image(number).explain());
    }
  }

  @Test
  void theReplayScriptOfAnImageMakesItAgain() {
    ImageZoo zoo = ImageZoo.create(6, 13, scratch.resolve("replayed"));
    zoo.forEach(image -> {
      String before = digest(image);
      ScratchDirectory.delete(image.directory());
      ToolProcess.run(List.of("sh", "-c", image.replay()), scratch, QemuTools.TIMEOUT_SECONDS);
      assertEquals(before, digest(image));
    });
  }

  @Test
  void qemuSeesTheImagesAsDescribed() {
    QemuTools qemu = QemuTools.require();
    ImageZoo.shared()
        .forEach(image -> {
          List<Object> infos = JsonText.array(qemu.infoJson(image.path(), "--backing-chain"));
          assertEquals(image.chain().size(), infos.size());
          for (int i = 0; i < infos.size(); i++) {
            assertDescribed(image.chain().get(i), infos.get(i));
          }
          assertEquals(image.virtualSizeBytes(), image.chain().getFirst().virtualSizeBytes());
          assertEquals(image.snapshots(), snapshots(image, infos.getFirst()));
        });
  }

  @Test
  void compressedClustersReallyAreCompressed() {
    QemuTools qemu = QemuTools.require();
    List<Boolean> compressed = new ArrayList<>();
    ImageZoo zoo = ImageZoo.shared();
    zoo.forEach(image ->
        compressed.add(
            JsonText.object(qemu.checkJson(image.path())).containsKey("compressed-clusters")));

    assertTrue(
        compressed.stream().filter(yes -> yes).count() * 4 > zoo.count(), compressed::toString);
  }

  private static java.util.stream.Stream<ImagePlan> defaultPlans() {
    return IntStream.range(0, ImageZoo.DEFAULT_COUNT)
        .mapToObj(number -> ImagePlanner.plan(ImageZoo.DEFAULT_SEED, number));
  }

  private static <T> Set<T> tops(Function<LayerSpec, T> property) {
    return defaultPlans()
        .map(plan -> java.util.Objects.requireNonNull(plan.top().spec()))
        .map(property)
        .collect(Collectors.toSet());
  }

  private String digest(ZooImage image) {
    Path raw = scratch.resolve("digest.raw");
    QemuTools.require().convertToRaw(image.path(), raw);
    return ContentDigest.ofRaw(raw);
  }

  private static void assertDescribed(ZooLayer layer, Object info) {
    Map<?, ?> object = (Map<?, ?>) info;
    assertEquals(layer.format(), object.get("format"));
    assertEquals(layer.virtualSizeBytes(), object.get("virtual-size"));
    assertEquals(layer.backingName(), object.get("backing-filename"));
  }

  /** QEMU's list does not tell a snapshot's disk size, so the planned one stands in. */
  private static List<ZooSnapshot> snapshots(ZooImage image, Object info) {
    Object list = ((Map<?, ?>) info).get("snapshots");
    List<ZooSnapshot> seen = new ArrayList<>();
    if (list instanceof List<?> entries) {
      for (Object entry : entries) {
        Map<?, ?> members = (Map<?, ?>) entry;
        long size = image.snapshots().get(seen.size()).virtualSizeBytes();
        seen.add(new ZooSnapshot((String) members.get("id"), (String) members.get("name"), size));
      }
    }
    return seen;
  }
}
