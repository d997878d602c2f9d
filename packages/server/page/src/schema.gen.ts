// Written by page/write-types.mjs from the OpenAPI document.
export interface paths {
    "/v1/detect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Boxes around what the words name */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["DetectRequest"];
                    "multipart/form-data": {
                        /** @description Weight of CLIP's opinion for names that were seen in training. */
                        alpha?: number;
                        /** @description Weight of CLIP's opinion for all other names. */
                        beta?: number;
                        /**
                         * @description What to look for; "|" separates synonyms. Default: the classes of the training.
                         * @example [
                         *       "sheep|lamb",
                         *       "truck"
                         *     ]
                         */
                        labels?: string[];
                        /** @description Names to be scored as seen in training. */
                        base?: string[];
                        /** @description Names that are not wanted: they take their share. */
                        background?: string[];
                        /** @description Only higher scores count. Default 0.3. */
                        score?: number;
                        /** @description Overlap above which the worse of two boxes is dropped. */
                        nms?: number;
                        /** @description Detections at most. */
                        max?: number;
                        /** @description Masks as well, where the detector has them. */
                        masks?: boolean;
                        /** Format: binary */
                        image?: string;
                    };
                };
            };
            responses: {
                /** @description The answer */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DetectResponse"];
                    };
                };
                /** @description A request that does not fit */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description No token, or a wrong one */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description A key that is not kept any more */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description A body that is too large */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description Too many requests are waiting; Retry-After says when to come again */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description A task that this server has no model for */
                501: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description No answer before the deadline */
                504: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/segment": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What every pixel is */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SegmentRequest"];
                    "multipart/form-data": {
                        /** @description Weight of CLIP's opinion for names that were seen in training. */
                        alpha?: number;
                        /** @description Weight of CLIP's opinion for all other names. */
                        beta?: number;
                        /**
                         * @description What the pixels can be; "|" separates synonyms. Default: the classes of the training.
                         * @example [
                         *       "sky",
                         *       "grass",
                         *       "sheep"
                         *     ]
                         */
                        labels?: string[];
                        /** @description Names of labels that can be counted. */
                        things?: string[];
                        /** @description Names of labels that cannot be counted. */
                        stuff?: string[];
                        /**
                         * @description Default panoptic.
                         * @enum {string}
                         */
                        task?: "panoptic" | "semantic" | "instance" | "all";
                        /** @description Panoptic: only segments with a higher score. */
                        score?: number;
                        /** @description Semantic: a pixel of which no label is likelier is none of them. */
                        threshold?: number;
                        /** @description Instances at most. */
                        max?: number;
                        /** Format: binary */
                        image?: string;
                    };
                };
            };
            responses: {
                /** @description The answer */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SegmentResponse"];
                    };
                };
                /** @description A request that does not fit */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description No token, or a wrong one */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description A key that is not kept any more */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description A body that is too large */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description Too many requests are waiting; Retry-After says when to come again */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description A task that this server has no model for */
                501: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description No answer before the deadline */
                504: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/classify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Which of the words fits the picture as a whole */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ClassifyRequest"];
                    "multipart/form-data": {
                        /**
                         * @example [
                         *       "a sheep",
                         *       "a truck"
                         *     ]
                         */
                        labels: string[];
                        /** @description How many labels, best first. Default: all. */
                        top?: number;
                        /** Format: binary */
                        image?: string;
                    };
                };
            };
            responses: {
                /** @description The answer */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ClassifyResponse"];
                    };
                };
                /** @description A request that does not fit */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description No token, or a wrong one */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description A key that is not kept any more */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description A body that is too large */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description Too many requests are waiting; Retry-After says when to come again */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description A task that this server has no model for */
                501: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description No answer before the deadline */
                504: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/encode": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** CLIP's vector of the picture */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["EncodeRequest"];
                    "multipart/form-data": {
                        /** Format: binary */
                        image?: string;
                    };
                };
            };
            responses: {
                /** @description The answer */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EncodeResponse"];
                    };
                };
                /** @description A request that does not fit */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description No token, or a wrong one */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description A key that is not kept any more */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description A body that is too large */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description Too many requests are waiting; Retry-After says when to come again */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description A task that this server has no model for */
                501: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description No answer before the deadline */
                504: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ask": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Answers a question about the picture */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["AskRequest"];
                    "multipart/form-data": {
                        /** @example How many sheep are there? */
                        question: string;
                        /** @description Questions and answers before this one, in turn. */
                        history?: string[];
                        /** @description Tokens of the answer at most. Default 256. */
                        maxTokens?: number;
                        /** @description 0 takes the likeliest token each time. Default 0. */
                        temperature?: number;
                        topP?: number;
                        seed?: number;
                        /** @description Texts that end an answer. */
                        stop?: string[];
                        /** @description Send pieces as server-sent events while they come. */
                        stream?: boolean;
                        /** Format: binary */
                        image?: string;
                    };
                };
            };
            responses: {
                /** @description The answer */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AskResponse"];
                        "text/event-stream": string;
                    };
                };
                /** @description A request that does not fit */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description No token, or a wrong one */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description A key that is not kept any more */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description A body that is too large */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description Too many requests are waiting; Retry-After says when to come again */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description A task that this server has no model for */
                501: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description No answer before the deadline */
                504: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        DetectResponse: {
            /** @enum {number} */
            schemaVersion: 1;
            /** @description Address of the model that answered */
            model: string;
            /** @description For further questions about the same picture */
            key: string;
            width: number;
            height: number;
            detections: {
                label: string;
                /** @description 0 to 1, relative to the labels that were asked together */
                score: number;
                /** @description x, y, width, height in pixels of the picture */
                box: [
                    number,
                    number,
                    number,
                    number
                ];
                mask?: components["schemas"]["Mask"];
            }[];
        };
        /** @description Column by column: pixels outside, inside, outside, and so on; size is height, width. */
        Mask: {
            size: [
                number,
                number
            ];
            counts: number[];
        };
        Error: {
            error: {
                code: string;
                message: string;
                hint?: string;
            };
        };
        DetectRequest: {
            /** @description The file of a picture, as base64 or as a data: URL; an http(s) URL where the server allows its host. */
            image?: string;
            /** @description Instead of a picture: the key of one that was sent before. */
            key?: string;
            /** @description Weight of CLIP's opinion for names that were seen in training. */
            alpha?: number;
            /** @description Weight of CLIP's opinion for all other names. */
            beta?: number;
            /**
             * @description What to look for; "|" separates synonyms. Default: the classes of the training.
             * @example [
             *       "sheep|lamb",
             *       "truck"
             *     ]
             */
            labels?: string[];
            /** @description Names to be scored as seen in training. */
            base?: string[];
            /** @description Names that are not wanted: they take their share. */
            background?: string[];
            /** @description Only higher scores count. Default 0.3. */
            score?: number;
            /** @description Overlap above which the worse of two boxes is dropped. */
            nms?: number;
            /** @description Detections at most. */
            max?: number;
            /** @description Masks as well, where the detector has them. */
            masks?: boolean;
        };
        SegmentResponse: {
            /** @enum {number} */
            schemaVersion: 1;
            /** @description Address of the model that answered */
            model: string;
            /** @description For further questions about the same picture */
            key: string;
            width: number;
            height: number;
            labels: string[];
            panoptic?: {
                /** @description base64; black belongs to no segment */
                png: string;
                segments: {
                    /** @description Value of its pixels: red + 256 green + 65536 blue of the PNG */
                    id: number;
                    label: string;
                    isThing: boolean;
                    /** @description 0 to 1, relative to the labels that were asked together */
                    score: number;
                    area: number;
                    /** @description x, y, width, height in pixels of the picture */
                    box: [
                        number,
                        number,
                        number,
                        number
                    ];
                }[];
            };
            semantic?: {
                /** @description base64, 16 bits of gray: place of the label, 65535 is none of them */
                png: string;
                /** @description Of the pixels, by label */
                shares: number[];
            };
            instances?: {
                label: string;
                /** @description 0 to 1, relative to the labels that were asked together */
                score: number;
                /** @description x, y, width, height in pixels of the picture */
                box: [
                    number,
                    number,
                    number,
                    number
                ];
                area: number;
                mask: components["schemas"]["Mask"];
            }[];
        };
        SegmentRequest: {
            /** @description The file of a picture, as base64 or as a data: URL; an http(s) URL where the server allows its host. */
            image?: string;
            /** @description Instead of a picture: the key of one that was sent before. */
            key?: string;
            /** @description Weight of CLIP's opinion for names that were seen in training. */
            alpha?: number;
            /** @description Weight of CLIP's opinion for all other names. */
            beta?: number;
            /**
             * @description What the pixels can be; "|" separates synonyms. Default: the classes of the training.
             * @example [
             *       "sky",
             *       "grass",
             *       "sheep"
             *     ]
             */
            labels?: string[];
            /** @description Names of labels that can be counted. */
            things?: string[];
            /** @description Names of labels that cannot be counted. */
            stuff?: string[];
            /**
             * @description Default panoptic.
             * @enum {string}
             */
            task?: "panoptic" | "semantic" | "instance" | "all";
            /** @description Panoptic: only segments with a higher score. */
            score?: number;
            /** @description Semantic: a pixel of which no label is likelier is none of them. */
            threshold?: number;
            /** @description Instances at most. */
            max?: number;
        };
        ClassifyResponse: {
            /** @enum {number} */
            schemaVersion: 1;
            /** @description Address of the model that answered */
            model: string;
            /** @description For further questions about the same picture */
            key: string;
            width: number;
            height: number;
            labels: {
                label: string;
                /** @description 0 to 1, relative to the labels that were asked together */
                score: number;
            }[];
        };
        ClassifyRequest: {
            /** @description The file of a picture, as base64 or as a data: URL; an http(s) URL where the server allows its host. */
            image?: string;
            /** @description Instead of a picture: the key of one that was sent before. */
            key?: string;
            /**
             * @example [
             *       "a sheep",
             *       "a truck"
             *     ]
             */
            labels: string[];
            /** @description How many labels, best first. Default: all. */
            top?: number;
        };
        EncodeResponse: {
            /** @enum {number} */
            schemaVersion: 1;
            /** @description Address of the model that answered */
            model: string;
            /** @description For further questions about the same picture */
            key: string;
            width: number;
            height: number;
            /** @description Unit vector in CLIP's space */
            embedding: number[];
        };
        EncodeRequest: {
            /** @description The file of a picture, as base64 or as a data: URL; an http(s) URL where the server allows its host. */
            image?: string;
            /** @description Instead of a picture: the key of one that was sent before. */
            key?: string;
        };
        AskResponse: {
            /** @enum {number} */
            schemaVersion: 1;
            model: string;
            key?: string;
            answer: string;
            /** @enum {string} */
            finishReason: "stop" | "length";
        };
        AskRequest: {
            /** @description The file of a picture, as base64 or as a data: URL; an http(s) URL where the server allows its host. */
            image?: string;
            /** @description Instead of a picture: the key of one that was sent before. */
            key?: string;
            /** @example How many sheep are there? */
            question: string;
            /** @description Questions and answers before this one, in turn. */
            history?: string[];
            /** @description Tokens of the answer at most. Default 256. */
            maxTokens?: number;
            /** @description 0 takes the likeliest token each time. Default 0. */
            temperature?: number;
            topP?: number;
            seed?: number;
            /** @description Texts that end an answer. */
            stop?: string[];
            /** @description Send pieces as server-sent events while they come. */
            stream?: boolean;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
