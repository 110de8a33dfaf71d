package io.github.qcow4j.qcow2.testing;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads features off the layers of a plan. */
final class PlanFeatures {

  private PlanFeatures() {}

  static void addTo(Set<Feature> features, List<ImagePlan.Layer> layers, long hugeBytes) {
    @Nullable LayerSpec top = layers.getLast().spec();
    if (top != null) {
      addTop(features, top, layers.getLast().virtualSizeBytes(), hugeBytes);
    }
    for (ImagePlan.Layer layer : layers) {
      addLayer(features, layer);
    }
    addChain(features, layers);
  }

  private static void addTop(Set<Feature> features, LayerSpec top, long sizeBytes, long hugeBytes) {
    features.add(top.version() == 2 ? Feature.VERSION_2 : Feature.VERSION_3);
    addIf(features, Feature.EXTENDED_L2, top.extendedL2());
    addIf(features, Feature.LAZY_REFCOUNTS, top.lazyRefcounts());
    addIf(features, Feature.ODD_REFCOUNT_WIDTH, top.refcountBits() != 16);
    addIf(features, Feature.UNALIGNED_SIZE, sizeBytes % top.clusterSizeBytes() != 0);
    addIf(features, Feature.SEVERAL_L2_TABLES, sizeBytes > top.l2CoverageBytes());
    addIf(features, Feature.HUGE, sizeBytes > hugeBytes);
  }

  private static void addLayer(Set<Feature> features, ImagePlan.Layer layer) {
    @Nullable LayerSpec spec = layer.spec();
    if (spec == null) {
      features.add(Feature.RAW_BASE);
      return;
    }
    switch (spec.preallocation()) {
      case METADATA -> features.add(Feature.PREALLOCATED_METADATA);
      case FALLOC -> features.add(Feature.PREALLOCATED_FALLOC);
      case FULL -> features.add(Feature.PREALLOCATED_FULL);
      case OFF -> {}
    }
    switch (spec.dataFile()) {
      case PLAIN -> features.add(Feature.DATA_FILE);
      case RAW -> features.add(Feature.DATA_FILE_RAW);
      case NONE -> {}
    }
  }

  private static void addChain(Set<Feature> features, List<ImagePlan.Layer> layers) {
    addIf(features, Feature.CHAIN, layers.size() > 1);
    addIf(features, Feature.DEEP_CHAIN, layers.size() > 8);
    for (int i = 1; i < layers.size(); i++) {
      long parentBytes = layers.get(i - 1).virtualSizeBytes();
      long childBytes = layers.get(i).virtualSizeBytes();
      addIf(features, Feature.SHORTER_PARENT, parentBytes < childBytes);
      addIf(features, Feature.LONGER_PARENT, parentBytes > childBytes);
    }
    List<LayerSpec> specs =
        layers.stream().map(ImagePlan.Layer::spec).filter(java.util.Objects::nonNull).toList();
    addIf(
        features,
        Feature.MIXED_CLUSTER_SIZES,
        specs.stream().map(LayerSpec::clusterBits).distinct().count() > 1);
    addIf(
        features,
        Feature.MIXED_CODECS,
        specs.stream().map(LayerSpec::codec).distinct().count() > 1);
    addIf(
        features,
        Feature.MIXED_VERSIONS,
        specs.stream().map(LayerSpec::version).distinct().count() > 1);
  }

  private static void addIf(Set<Feature> features, Feature feature, boolean condition) {
    if (condition) {
      features.add(feature);
    }
  }
}
