/**
 * The messages of two gRPC services that a pull needs, and no more: CRI's image service (k8s.io/cri-api, runtime/v1) and
 * containerd's own images service (containerd.services.images.v1), which alone can name an image. As data, because .proto
 * files can neither be imported nor bundled. Unknown fields are skipped by the wire format.
 */
export const messages = {
  nested: {
    runtime: {
      nested: {
        v1: {
          nested: {
            ImageService: {
              methods: {
                PullImage: { requestType: 'PullImageRequest', responseType: 'PullImageResponse' },
                ImageStatus: { requestType: 'ImageStatusRequest', responseType: 'ImageStatusResponse' },
              },
            },
            ImageSpec: { fields: { image: { type: 'string', id: 1 } } },
            PullImageRequest: { fields: { image: { type: 'ImageSpec', id: 1 } } },
            PullImageResponse: { fields: { image_ref: { type: 'string', id: 1 } } },
            ImageStatusRequest: { fields: { image: { type: 'ImageSpec', id: 1 } } },
            ImageStatusResponse: { fields: { image: { type: 'Image', id: 1 } } },
            Image: {
              fields: {
                id: { type: 'string', id: 1 },
                repo_tags: { rule: 'repeated', type: 'string', id: 2 },
                repo_digests: { rule: 'repeated', type: 'string', id: 3 },
              },
            },
          },
        },
      },
    },
    containerd: {
      nested: {
        services: {
          nested: {
            images: {
              nested: {
                v1: {
                  nested: {
                    Images: {
                      methods: {
                        Get: { requestType: 'GetImageRequest', responseType: 'ImageResponse' },
                        Create: { requestType: 'CreateImageRequest', responseType: 'ImageResponse' },
                        Delete: { requestType: 'DeleteImageRequest', responseType: 'Empty' },
                      },
                    },
                    Descriptor: {
                      fields: {
                        media_type: { type: 'string', id: 1 },
                        digest: { type: 'string', id: 2 },
                        size: { type: 'int64', id: 3 },
                      },
                    },
                    ImageRecord: { fields: { name: { type: 'string', id: 1 }, target: { type: 'Descriptor', id: 3 } } },
                    GetImageRequest: { fields: { name: { type: 'string', id: 1 } } },
                    CreateImageRequest: { fields: { image: { type: 'ImageRecord', id: 1 } } },
                    DeleteImageRequest: { fields: { name: { type: 'string', id: 1 } } },
                    ImageResponse: { fields: { image: { type: 'ImageRecord', id: 1 } } },
                    Empty: { fields: {} },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
} as const;
